"""The main job as the README tells it: from a spreadsheet to a counted cabinet, with real parts."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.processes import ROOT, environment, free_port, running_server, tallycard, told

ROSTER = ROOT / "tests/data/rosters/昌化初中-仪器总账.xlsx"
CABINET = "科仪1-01"
OTHER = "科仪1-04"

pytestmark = [
    pytest.mark.xdist_group("main-job"),
    pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="pdftoppm is not installed"),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A deployment into which the roster was imported."""
    folder = tmp_path_factory.mktemp("main-job") / "data"
    folder.mkdir()
    tallycard(folder, "db", "upgrade")
    tallycard(folder, "import", str(ROSTER))
    return folder


@pytest.fixture(scope="module")
def server(data):
    with running_server(data) as address:
        yield address


def pictures(data: Path, cabinet: str, name: str) -> dict[str, Path]:
    """Print a cabinet's labels on the roll, picture each page, and give the pictures by code."""
    folder = data.parent / name
    folder.mkdir()
    printed = told(
        tallycard(
            data, "labels", "--cabinet", cabinet, "--stock", "40x30", "-o",
            str(folder / "labels.pdf"), "--json",
        )
    )[0]  # fmt: skip
    subprocess.run(["pdftoppm", "-r", "203", "-png", "labels.pdf", "label"], cwd=folder, check=True)
    (folder / "labels.pdf").unlink()
    pages = sorted(folder.glob("*.png"))
    assert len(pages) == printed["labels"]
    return dict(zip(printed["codes"], pages, strict=True))


def opened(data: Path) -> str:
    return tallycard(data, "count", "open", CABINET).strip()


def station(data: Path, server: str, folder: Path, count: str) -> list[dict]:
    output = tallycard(
        data, "station", "--images", str(folder), "--count", count, "--server", server, "--json"
    )
    return told(output)


def figures(data: Path, count: str) -> dict[str, int]:
    status = told(tallycard(data, "count", "status", count, "--json"))[0]
    return {name: n for name, n in status["figures"].items() if n}


def enter(data: Path, server: str, count: str, code: str, quantity: int) -> None:
    """Enter a quantity through the API, with the token that the station made for itself."""
    token = (data / "station.token").read_text().strip()
    request = urllib.request.Request(
        f"{server}/api/v1/counts/{count}/sightings",
        data=json.dumps({"code": code, "quantity": quantity}).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200


def test_a_cabinet_is_counted_from_the_pictures_of_its_labels(data, server):
    labels = pictures(data, CABINET, "shelf")
    count = opened(data)
    told_by_station = station(data, server, data.parent / "shelf", count)
    assert told_by_station[-1] | {"frames": 0} == {
        "event": "end", "frames": 0, "read": len(labels), "sent": len(labels), "waiting": 0,
        "refused": 0,
    }  # fmt: skip

    status = told(tallycard(data, "count", "status", count, "--json"))[0]
    by_form = {
        form: {line["result"] for line in status["lines"] if line["managed_as"] == form}
        for form in ("item", "batch")
    }
    assert by_form == {"item": {"match"}, "batch": {"open"}}

    refused = tallycard(data, "count", "close", count, code=3)
    assert "batches were seen" in refused
    first, *others = [line for line in status["lines"] if line["managed_as"] == "batch"]
    tallycard(data, "count", "quantity", count, first["number"], str(first["expected"]))
    for line in others:
        enter(data, server, count, line["code"], line["expected"])
    closed = told(tallycard(data, "count", "close", count, "--json"))[0]
    assert closed["figures"]["match"] == len(labels)
    assert not closed["is_open"]


def test_two_taken_away_and_one_of_another_cabinet(data, server):
    labels = pictures(data, CABINET, "second")
    strangers = pictures(data, OTHER, "stranger")
    status = told(tallycard(data, "count", "status", opened(data), "--json"))[0]
    items = [line["code"] for line in status["lines"] if line["managed_as"] == "item"]
    for code in items[:2]:
        labels[code].unlink()
    stranger = strangers[sorted(strangers)[0]]
    shutil.copy(stranger, data.parent / "second" / "stranger.png")

    station(data, server, data.parent / "second", status["id"])

    found = figures(data, status["id"])
    assert (found["missing"], found["misplaced"]) == (2, 1)
    assert found["match"] == len(items) - 2


def test_importing_the_roster_again_changes_nothing(data):
    again = told(tallycard(data, "import", str(ROSTER), "--dry-run", "--json"))[0]

    assert again["summary"]["new"] == again["summary"]["differs"] == 0
    assert again["summary"]["same"] == len(again["records"])


def test_a_changed_event_is_named(data, tmp_path):
    tallycard(data, "verify", "--rebuild")
    copy = tmp_path / "data"
    copy.mkdir()
    with sqlite3.connect(data / "tallycard.db") as source:
        target = sqlite3.connect(copy / "tallycard.db")
        source.backup(target)
        [event_id, text] = target.execute(
            "SELECT id, data FROM event WHERE kind = 'thing_registered' LIMIT 1"
        ).fetchone()
        forged = json.dumps(json.loads(text) | {"quantity": 99})
        target.execute("UPDATE event SET data = ? WHERE id = ?", (forged, event_id))
        target.commit()
        target.close()

    assert event_id in tallycard(copy, "verify", "--rebuild", code=1)
    assert event_id in tallycard(copy, "verify", code=1)


def test_what_cannot_be_sent_waits_and_is_sent_later_once(data, server):
    pictures(data, OTHER, "offline")
    folder, count = data.parent / "offline", tallycard(data, "count", "open", OTHER).strip()
    spool = str(data.parent / "spool.db")
    dead = f"http://127.0.0.1:{free_port()}"
    common = ("station", "--images", str(folder), "--count", count, "--spool", spool, "--json")

    offline = told(tallycard(data, *common, "--server", dead, code=5))[-1]
    assert offline["waiting"] == offline["read"] > 0
    (folder / "empty").mkdir()
    later = told(
        tallycard(
            data, "station", "--images", str(folder / "empty"), "--spool", spool, "--json",
            "--server", server,
        )
    )[-1]  # fmt: skip

    assert (later["waiting"], later["refused"]) == (0, 0)
    found = figures(data, count)
    assert sum(found.values()) == offline["read"]
    assert "missing" not in found


def test_the_readme_says_exactly_this(data, server, tmp_path):
    """The block of the README runs as it stands, in a shell, in the README's own folder."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    [block] = re.findall(r"<!-- main job -->\s*```sh\n(.*?)```", text, re.DOTALL)
    folder = tmp_path / "data"
    folder.mkdir()
    tallycard(folder, "db", "upgrade")
    with running_server(folder) as address:
        shims = tmp_path / "bin"
        shims.mkdir()
        shim = shims / "tallycard"
        shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m inventory.commands "$@"\n')
        shim.chmod(0o755)
        work = tmp_path / "work"
        shutil.copytree(ROOT / "tests/data/rosters", work / "tests/data/rosters")
        env = environment(folder, TALLYCARD_URL=address)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block], cwd=work,
            env=env | {"PATH": f"{shims}:{env['PATH']}"}, capture_output=True, text=True,
            timeout=600,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Match" in done.stdout
