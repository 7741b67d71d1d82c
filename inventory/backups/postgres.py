"""This module is about PostgreSQL's own tools: dumping a database, reading a dump, restoring it."""

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import make_url

from inventory.db import EVERY_SCHOOL, SCHOOLS
from inventory.errors import BackupFailed, ToolMissing

INSTALLED = Path("/usr/lib/postgresql")
COPY = re.compile(rb'COPY (?:"?\w+"?\.)?"?(\w+)"? \(.*\) FROM stdin;\n')
ASIDE = "before_restore_"
LONGEST_DETAIL = 300


def tool(name: str, major: int) -> str:
    """
    Return the path of a tool that is not older than the server.

    Raises:
        ToolMissing: none was found, or only older ones.
    """
    found = ""
    for path in _candidates(name):
        version = _version(path)
        if version is not None and version >= major:
            return path
        found = found or f"{name} {version}"
    raise ToolMissing(tool=name, version=major, found=found or "—")


def _candidates(name: str) -> list[str]:
    on_path = shutil.which(name)
    installed = sorted(
        (path for path in INSTALLED.glob(f"*/bin/{name}") if path.parts[-3].isdigit()),
        key=lambda path: -int(path.parts[-3]),
    )
    return ([on_path] if on_path else []) + [str(path) for path in installed]


def _version(path: str) -> int | None:
    try:
        told = subprocess.run(  # noqa: S603 - a tool that we looked up
            [path, "--version"], capture_output=True, text=True, timeout=20, check=False
        ).stdout
    except OSError:
        return None
    found = re.search(r"(\d+)(?:\.\d+)*", told)
    return int(found[1]) if found else None


def dump(uri: str, major: int, snapshot: str, target: Path) -> None:
    """
    Dump one state of a database into a file in the custom format.

    Raises:
        BackupFailed: pg_dump said no, with its words.
    """
    command = [
        tool("pg_dump", major), "--enable-row-security", "--format=custom", "--compress=0",
        f"--snapshot={snapshot}",
        f"--exclude-schema={ASIDE}*", f"--file={target}", "--no-password",
    ]  # fmt: skip
    _run(command, uri)
    os.chmod(target, 0o600)


def restore(uri: str, major: int, source: Path) -> None:
    """
    Restore a dump into the empty schema of a database, all of it or nothing.

    Raises:
        BackupFailed: pg_restore said no, with its words.
    """
    command = [
        tool("pg_restore", major), "--enable-row-security", "--no-owner", "--no-privileges",
        "--exit-on-error", "--single-transaction", "--no-password",
    ]  # fmt: skip
    _run(command, uri, str(source))


def _run(command: Sequence[str], uri: str, *files: str) -> None:
    url = make_url(uri).set(drivername="postgresql")
    # Row security shows every school to whoever was told of every school, and nothing else would.
    environment = dict(os.environ) | {"PGOPTIONS": f"-c {SCHOOLS}={EVERY_SCHOOL}"}
    if url.password:  # never on a command line, which others on the computer can read
        environment["PGPASSWORD"] = str(url.password)
    address = url.set(password=None).render_as_string(hide_password=False)
    done = subprocess.run(  # noqa: S603
        [*command, f"--dbname={address}", *files], env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise BackupFailed(
            what="database", reason="tool_failed", detail=done.stderr.strip()[-LONGEST_DETAIL:]
        )


def counts_in(dump_file: Path, major: int) -> tuple[dict[str, int], list[str]]:
    """
    Read a dump to its end and return the rows of each table, and the heads, that are in it.

    Raises:
        BackupFailed: the dump cannot be read to its end.
    """
    counts: Counter[str] = Counter()
    heads: list[str] = []
    with subprocess.Popen(  # noqa: S603
        [tool("pg_restore", major), "--data-only", "--file=-", str(dump_file)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as reading:  # fmt: skip
        assert reading.stdout is not None
        table = ""
        order: list[str] = []
        for line in reading.stdout:
            if table:
                if line == b"\\.\n":
                    table = ""
                    continue
                counts[table] += 1
                if table == "chain_head":
                    row = dict(zip(order, line.decode().rstrip("\n").split("\t"), strict=True))
                    heads.append(f"{row['chain']}:{row['seq']}:{row['hash']}")
            elif found := COPY.fullmatch(line):
                table = found[1].decode()
                counts[table] += 0
                inside = line[line.index(b"(") + 1 : line.rindex(b")")].decode()
                order = [name.strip().strip('"') for name in inside.split(",")]
        _, said = reading.communicate()
    if reading.returncode:
        detail = said.decode(errors="replace").strip()[-LONGEST_DETAIL:]
        raise BackupFailed(what="database", reason="tool_failed", detail=detail)
    return dict(counts), sorted(heads)
