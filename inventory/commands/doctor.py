"""This module is about what works here and what is missing: `tallycard doctor`."""

import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import click

from inventory import __version__
from inventory.commands.edge import as_json, emit

LEAST_FREE_MB = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and how to mend it when it is not well."""

    what: str
    is_well: bool
    detail: str
    mend: str = ""


@click.command()
@as_json
def doctor(json_: bool) -> int:
    """
    Say what works on this computer, what is missing, and how to mend it.

    \b
    $ tallycard doctor
    """
    findings = [found for look in CHECKS for found in look()]
    for one in findings:
        if json_:
            emit({"what": one.what, "is_well": one.is_well, "detail": one.detail, "mend": one.mend})
        else:
            mark = "✓" if one.is_well else "✗"
            click.echo(f"{mark} {one.what}: {one.detail}" + (f" → {one.mend}" if one.mend else ""))
    return 0 if all(one.is_well for one in findings) else 1


def _program() -> Iterator[Finding]:
    yield Finding("Tallycard", True, f"{__version__}, Python {sys.version.split()[0]}")
    yield Finding("SQLite", True, sqlite3.sqlite_version)


def _database() -> Iterator[Finding]:
    from inventory.commands.database import is_migrated
    from inventory.commands.edge import Form, application
    from inventory.config import load

    config = load()
    name = config.database.split("@")[-1] if "@" in config.database else config.database
    try:
        with application(form=Form.KNOWN):
            migrated = is_migrated()
    except click.exceptions.Exit:
        yield Finding("database", False, name, "check TALLYCARD_DATABASE")
        return
    mend = "" if migrated else "tallycard db upgrade"
    yield Finding("database", migrated, name, mend)


def _disk() -> Iterator[Finding]:
    from inventory.config import load

    folder = load().data
    free = shutil.disk_usage(folder).free // 2**20
    enough = free >= LEAST_FREE_MB
    yield Finding("disk", enough, f"{free} MB free in {folder}", "" if enough else "make room")
    writable = os.access(folder, os.W_OK)
    yield Finding("data folder", writable, str(folder), "" if writable else "make it writable")


def _readers() -> Iterator[Finding]:
    import scanner

    for name, works in scanner.decoders().items():
        mend = "" if works else "apt-get install libzbar0" if name == "pyzbar" else "pip install"
        yield Finding(f"decoder {name}", works, "ready" if works else "missing", mend)


def _labels() -> Iterator[Finding]:
    import labels

    content = labels.LabelContent("200 000 001 94", "20000000194", "24001-03", ("测试 ℃ Ω ①",))
    try:
        pdf = labels.render_pdf([content], labels.stock("40x30"))
        labels.read_back(pdf, [content.symbol])
    except labels.LabelError as error:
        yield Finding("labels", False, str(error), "reinstall Tallycard")
        return
    yield Finding("labels", True, "a Chinese label was rendered and read back")


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _program, _database, _disk, _readers, _labels,
)  # fmt: skip
