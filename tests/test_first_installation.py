"""From nothing to a school with people, by real commands and a real server."""

import json
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing

import pytest

from tests.processes import environment, free_port, tallycard, told

SETUP = (
    "setup", "--login", "wang", "--name", "王芳", "--password", "a long password", "--school",
    "3133990102", "--school-name", "昌化初中", "--stage", "初中", "--url",
    "http://192.168.1.20:8000", "--language", "zh-CN",
)  # fmt: skip
PASSWORD = ("--password", "a long password")


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def served(data, *more):
    """Run the server until it has said where; give what it said and the process."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "inventory.commands", "run", "--port", str(port), *more],
        env=environment(data), cwd=data.parent, stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    lines, deadline = [], time.monotonic() + 60
    while time.monotonic() < deadline:
        lines.append(server.stdout.readline())
        if any(line.startswith("Setup code") for line in lines) or server.poll() is not None:
            break
        if lines[-1].startswith("http") and (data / "tallycard.toml").exists():
            break
    return f"http://127.0.0.1:{port}", "".join(lines), server


def ended(server):
    server.send_signal(signal.SIGTERM)
    server.wait(timeout=20)
    server.stdout.close()


def test_a_server_on_nothing_migrates_and_prints_a_setup_code(data):
    address, said, server = served(data)
    try:
        assert re.search(r"Setup code: [a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}\n", said)
        for _ in range(100):
            try:
                with urllib.request.urlopen(f"{address}/things", timeout=5) as answer:
                    assert answer.url == f"{address}/setup"
                    break
            except urllib.error.URLError:
                time.sleep(0.1)
        tallycard(data, "demo", "--discard", "--yes", code=3)
    finally:
        ended(server)


def test_an_existing_database_that_is_behind_is_not_migrated_by_the_server(data):
    data.mkdir()
    database = sqlite3.connect(data / "tallycard.db")
    database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    database.execute("INSERT INTO alembic_version VALUES ('0001')")
    database.commit()
    database.close()

    assert "tallycard db upgrade" in tallycard(data, "run", "--port", "1", code=5)


def test_a_school_is_set_up_once_and_unattended(data):
    answer = told(tallycard(data, *SETUP, "--json"))[0]

    assert (answer["login"], answer["school"]) == ("wang", "3133990102")
    assert answer["next"][0] == "tallycard run --host 0.0.0.0"
    assert 'url = "http://192.168.1.20:8000"' in (data / "tallycard.toml").read_text()
    tallycard(data, *SETUP, code=3)
    tallycard(data, "demo", code=3)
    assert told(tallycard(data, "verify", "--rebuild", "--json"))
    with closing(sqlite3.connect(data / "tallycard.db")) as connection:
        kept = connection.execute("SELECT password_hash FROM person").fetchone()[0]
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")  # RFC 9106, section 4


def test_an_answer_that_is_none_is_asked_for_again(data):
    answers = (
        "wang lao shi\nwang\n\n12345\n3133990102\n昌化初中\n\n192.168.1.20\n"
        "http://192.168.1.20:8000/\n\n"
    )

    said = tallycard(data, "setup", *PASSWORD, given=answers)

    assert "“wang lao shi” cannot be an account" in said
    assert "“12345” is not a school's number" in said
    assert "“192.168.1.20” is not the address of a server" in said
    assert "tallycard run --host 0.0.0.0" in said
    [row] = told(tallycard(data, "user", "list", "--json"))
    assert (row["login"], row["school"]) == ("wang", "3133990102")
    assert 'url = "http://192.168.1.20:8000"' in (data / "tallycard.toml").read_text()


def test_the_place_for_backups_is_asked_for_no_more_once_it_is_set(data, tmp_path):
    said = tallycard(data, *SETUP, "--backup-to", str(tmp_path / "usb"))

    assert "backup --enable" not in said


def test_what_is_not_given_is_asked_for(data):
    answers = "wang\n王芳\n3133990102\n昌化初中\n初中\n\n\n"

    said = tallycard(data, "setup", *PASSWORD, given=answers)  # asked for on a terminal alone

    assert "tallycard import" in said
    [row] = told(tallycard(data, "user", "list", "--json"))
    assert (row["login"], row["name"], row["school"]) == ("wang", "王芳", "3133990102")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (("--url", "nowhere"), 2),
        (("--password", "short"), 2),
        (("--school", "12"), 2),
        (("--stage", "大学"), 2),
    ],
)
def test_a_wrong_answer_sets_nothing_up(data, more, code):
    tallycard(data, *SETUP, *more, code=code)

    assert tallycard(data, "user", "list") == ""


def test_people_and_tokens_from_the_shell(data):
    tallycard(data, *SETUP)
    tallycard(data, "user", "add", "li", "--name", "李四", "--role", "technician", "--school",
              "3133990102", *PASSWORD)  # fmt: skip
    token = told(tallycard(data, "token", "add", "li", "--json"))[0]
    assert told(tallycard(data, "token", "list", "--json"))[0]["login"] == "li"

    once = told(tallycard(data, "user", "password", "li", "--json"))[0]
    assert once["must_change"]
    assert len(once["password"]) == 12
    tallycard(data, "user", "password", "li", "--password", "another long one")
    tallycard(data, "token", "revoke", token["id"])
    assert tallycard(data, "token", "list") == ""
    assert told(tallycard(data, "token", "list", "--all", "--json"))[0]["revoked_at"]
    tallycard(data, "user", "disable", "li")
    states = {
        row["login"]: row["is_active"] for row in told(tallycard(data, "user", "list", "--json"))
    }
    assert states == {"wang": True, "li": False}
    tallycard(data, "user", "enable", "li")
    for command in (("user", "password", "nobody"), ("user", "disable", "nobody"),
                    ("user", "enable", "nobody"), ("token", "revoke", "nobody")):  # fmt: skip
        tallycard(data, *command, code=4)
    assert "卷" not in tallycard(data, "verify", "--rebuild")


def test_the_demonstration_never_mixes_and_goes_in_one_step(data):
    tallycard(data, "db", "upgrade")
    tallycard(data, "demo", "--schools", "1", "--things", "30")
    tallycard(data, "user", "add", "li", "--name", "李", "--role", "auditor", *PASSWORD, code=3)
    tallycard(data, *SETUP, code=3)
    roster = environment(data)["PYTHONPATH"] + "/tests/data/rosters/於潜中学-仪器总账.xlsx"
    said = tallycard(data, "import", roster, code=3)
    assert "--discard" in said
    said = tallycard(data, "run", "--host", "0.0.0.0", "--port", str(free_port()), code=3)
    assert "--discard" in said
    assert "setup" in said

    tallycard(data, "demo", "--discard", given="n\n", code=2)
    assert len(told(tallycard(data, "user", "list", "--json"))) > 5
    tallycard(data, "demo", "--discard", given="y\n")

    assert tallycard(data, "user", "list") == ""
    tallycard(data, "demo", "--discard", "--yes", code=3)
    assert json.loads(tallycard(data, *SETUP, "--json").splitlines()[0])["login"] == "wang"
    tallycard(data, "demo", "--discard", "--yes", code=3)


def test_the_demonstration_is_not_thrown_away_under_a_running_server(data):
    tallycard(data, "db", "upgrade")
    tallycard(data, "demo", "--schools", "1", "--things", "10")
    (data / "tallycard.toml").write_text("")
    _, _, server = served(data)
    try:
        said = tallycard(data, "demo", "--discard", "--yes", code=3)
    finally:
        ended(server)
    assert "Stop it first" in said
