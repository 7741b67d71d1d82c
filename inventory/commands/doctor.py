"""This module is about what works here and what is missing: `tallycard doctor`."""

import os
import shutil
import socket
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from inventory import __version__
from inventory.commands.edge import Form, application, as_json, emit, now, spoken
from inventory.errors import N_, Refusal

LEAST_FREE_MB = 500
NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "ceph", "glusterfs"}
"""File systems on which SQLite's locks cannot be relied on."""
AHEAD = timedelta(minutes=5)
LONG_AGO = timedelta(days=3)
PORT = 8000
NAMES = (
    N_("settings"), N_("time zone"), N_("disk"), N_("data folder"), N_("file system"),
    N_("secret key"), N_("database"), N_("row security"), N_("integrity"), N_("durability"),
    N_("clock"), N_("demonstration"), N_("last backup"), N_("backup that failed"),
    N_("second place"), N_("address"), N_("port"), N_("cameras"), N_("labels"), N_("printers"),
)  # fmt: skip
"""What is looked at, as people are told; for programs the words stay as they are."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and how to mend it when it is not well."""

    what: str
    is_well: bool
    detail: str
    mend: str = ""
    needed: bool = True
    """Whether Tallycard cannot be relied on without it; else something is merely not there."""


@click.command()
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(1, 65_535),
              help="The port that the server is to listen on.")  # fmt: skip
@as_json
def doctor(port: int, json_: bool) -> int:
    """
    Say what works on this computer, what is missing, and how to mend it.

    The exit code is 1 when something that is needed is not well.

    \b
    $ tallycard doctor
    $ tallycard doctor --json --port 8080
    """
    findings = list(examine(port))
    for one in findings:
        if json_:
            emit(
                {"what": one.what, "is_well": one.is_well, "needed": one.needed,
                 "detail": one.detail, "mend": one.mend}
            )  # fmt: skip
        else:
            mark = "✓" if one.is_well else "✗" if one.needed else "–"
            mend = f" → {one.mend}" if one.mend else ""
            click.echo(f"{mark} {spoken(one.what)}: {one.detail}{mend}")
    return 0 if all(one.is_well for one in findings if one.needed) else 1


def examine(port: int) -> Iterator[Finding]:
    """Look at everything; what cannot be looked at is a finding as well."""
    yield from _program()
    config = yield from _settings()
    if config is not None:
        yield from _data(config)
        yield from _database(config)
        yield from _backups(config, _has_aged(config))
        yield from _address(config, port)
    for look in ALONE:
        yield from look()


def _program() -> Iterator[Finding]:
    yield Finding("Tallycard", True, f"{__version__}, Python {sys.version.split()[0]}")
    yield Finding("SQLite", True, sqlite3.sqlite_version)


def _settings() -> Any:
    from inventory.config import load

    try:
        config = load()
    except (Refusal, OSError) as error:
        yield Finding("settings", False, str(error), "tallycard.toml, TALLYCARD_…")
        return None
    try:
        ZoneInfo(config.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        yield Finding("time zone", False, config.time_zone, "TALLYCARD_TIME_ZONE=Asia/Shanghai")
        return None
    yield Finding("time zone", True, f"{config.time_zone}, {_local(now(), config.time_zone)}")
    return config


def _local(at: datetime, zone: str) -> str:
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


# --- the data folder -----------------------------------------------------------------------


def _data(config: Any) -> Iterator[Finding]:
    folder = config.data
    free = shutil.disk_usage(folder).free // 2**20
    enough = free >= LEAST_FREE_MB
    detail = spoken("%(free)s MB free in %(folder)s", free=free, folder=folder)
    yield Finding("disk", enough, detail, "" if enough else spoken("make room"))
    fault = _fault_of_writing(folder)
    mend = spoken("make it writable") if fault else ""
    yield Finding("data folder", not fault, fault or str(folder), mend)
    if config.is_sqlite:
        kind = file_system_of(config.database_file.parent)
        local = kind not in NETWORK
        mend = (
            ""
            if local
            else spoken("SQLite's locks do not hold there: put the data on a local disk")
        )
        yield Finding("file system", local, kind, mend)
    key = folder / "secret.key"
    if key.exists():
        mode = stat.S_IMODE(key.stat().st_mode)
        closed = not mode & 0o077
        yield Finding("secret key", closed, f"{mode:o}", "" if closed else f"chmod 600 {key}")


def _fault_of_writing(folder: Path) -> str:
    """Why nothing can be written there; asked by writing, for modes alone do not tell."""
    trial = folder / f".doctor-{os.getpid()}"
    try:
        trial.write_bytes(b"tallycard")
        trial.unlink()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def file_system_of(path: Path) -> str:
    """Return the kind of file system that holds a path, by the longest mount point above it."""
    best, kind = "", "?"
    place = str(path.resolve())
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return kind
    for line in mounts:
        _, point, name, *_ = line.split()
        point = point.encode().decode("unicode_escape")
        inside = place == point or place.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, name
    return kind


# --- the database --------------------------------------------------------------------------


def _database(config: Any) -> Iterator[Finding]:
    from sqlalchemy.exc import DBAPIError

    from inventory.commands.edge import said
    from inventory.web.faults import refusal_for

    name = config.database.split("@")[-1] if "@" in config.database else config.database
    with ExitStack() as stack:
        try:
            stack.enter_context(application(form=Form.ANY, config=config))
            yield from _form(name)
            yield from _sqlite(config)
            yield from _events()
        except (DBAPIError, OSError) as error:
            refusal = refusal_for(error)
            detail = said(refusal) if refusal else str(error)
            yield Finding("database", False, f"{name}: {detail}", "TALLYCARD_DATABASE")


def _form(name: str) -> Iterator[Finding]:
    from inventory.commands.database import is_migrated, refuse_unknown_form, revision
    from inventory.commands.edge import said

    try:
        refuse_unknown_form(must_be_newest=False)
    except Refusal as refusal:
        mend = spoken("install the newer release")
        yield Finding("database", False, f"{name}: {said(refusal)}", mend)
        return
    migrated = is_migrated()
    detail = f"{name}, {revision() or '—'}"
    yield Finding("database", migrated, detail, "" if migrated else "tallycard db upgrade")


def _sqlite(config: Any) -> Iterator[Finding]:
    from inventory.backups import store
    from inventory.db import db, every_school

    if not config.is_sqlite:
        with every_school(db.engine) as connection:
            passes = store.passes_row_security(connection)
        detail = spoken("the database's role passes it") if passes else spoken("in force")
        mend = spoken("use a role that is no superuser and has no BYPASSRLS") if passes else ""
        yield Finding("row security", not passes, detail, mend, needed=False)
        return
    fault = store.quick_fault(config.database_file)
    mend = spoken("stop the server and restore the last backup: tallycard restore FILE --yes")
    yield Finding("integrity", not fault, fault or "ok", fault and mend)
    with every_school(db.engine) as connection:
        found = store.durability(connection)
    yield Finding("durability", found == ("wal", 2), f"journal {found[0]}, synchronous {found[1]}")


def _events() -> Iterator[Finding]:
    from inventory.backups import record, store
    from inventory.db import db, every_school
    from inventory.web.context import settings

    with every_school(db.engine) as connection:
        newest = store.newest_event(connection)
    if newest is None:
        return
    newest = newest.replace(tzinfo=newest.tzinfo or UTC)
    zone = settings().time_zone
    plausible = newest <= now() + AHEAD
    detail = spoken(
        "%(now)s, the newest event is of %(newest)s",
        now=_local(now(), zone), newest=_local(newest, zone),
    )  # fmt: skip
    mend = "" if plausible else spoken("set the clock of this computer (timedatectl set-ntp true)")
    yield Finding("clock", plausible, detail, mend)
    demo = record.read(settings().data).is_demonstration
    yield Finding(
        "demonstration", not demo, spoken("loaded") if demo else spoken("not loaded"),
        spoken("use another data folder for a real school") if demo else "", needed=False,
    )  # fmt: skip


def _has_aged(config: Any) -> bool:
    """Whether there has been something to lose for some days."""
    from sqlalchemy.exc import DBAPIError

    from inventory.backups import store
    from inventory.db import every_school, make_engine

    engine = make_engine(config)
    try:
        with every_school(engine) as connection:
            begun = store.begun_at(connection)
    except DBAPIError:
        return True
    finally:
        engine.dispose()
    return begun is not None and now() - begun.replace(tzinfo=begun.tzinfo or UTC) > LONG_AGO


# --- backups, address ----------------------------------------------------------------------


def _backups(config: Any, has_aged: bool) -> Iterator[Finding]:
    from inventory.backups import place, record

    known = record.read(config.data)
    needed = not known.is_demonstration and has_aged
    enable = "tallycard backup --enable FOLDER"
    recent = known.good is not None and now() - known.good <= LONG_AGO
    detail = spoken("none")
    if known.good:
        detail = f"{_local(known.good, config.time_zone)} {known.good_file}"
    yield Finding("last backup", recent, detail, "" if recent else enable, needed=needed)
    if known.failed is not None:
        detail = f"{_local(known.failed, config.time_zone)} {known.failed_code}"
        told = " ".join(value for _, value in known.failed_data)
        yield Finding("backup that failed", False, f"{detail} {told}", enable, needed=needed)
    if not config.backup_to:
        yield Finding("second place", False, spoken("not set"), enable, needed=needed)
        return
    folder = Path(config.backup_to)
    if not folder.is_dir():
        yield Finding("second place", False, spoken("%(folder)s is not there", folder=folder),
                      spoken("connect the disk"))  # fmt: skip
        return
    try:
        found = place.examine(config, folder)
    except Refusal as refusal:
        yield Finding("second place", False, str(refusal), enable)
        return
    mend = spoken("it is on the disk of the data; choose another") if found.is_same_disk else ""
    detail = spoken(
        "%(folder)s, %(free)s MB free, every night at %(at)s",
        folder=folder, free=found.free >> 20, at=config.backup_at,
    )  # fmt: skip
    yield Finding("second place", not found.is_same_disk, detail, mend, needed=False)


def _address(config: Any, port: int) -> Iterator[Finding]:
    from inventory.config import is_private

    lasting = config.address_is_lasting
    kind = spoken("public")
    if config.url_lasts or is_private(config.url):
        kind = spoken("confirmed") if config.url_lasts else spoken("private")
    mend = "" if lasting else spoken("labels with a link need TALLYCARD_URL; digits need nothing")
    yield Finding("address", lasting, f"{config.url} ({kind})", mend, needed=False)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            detail = f"{port}: {error.strerror}"
            mend = spoken("a server runs there already, or choose another with --port")
            yield Finding("port", False, detail, mend, needed=False)
            return
    yield Finding("port", True, spoken("%(port)s is free", port=port), needed=False)


# --- readers, labels, printers -------------------------------------------------------------


def _readers() -> Iterator[Finding]:
    import scanner

    ready = scanner.decoders()
    for name, works in ready.items():
        mend = "" if works else "apt-get install libzbar0" if name == "pyzbar" else "pip install"
        alone = any(ready.values())
        detail = spoken("ready") if works else spoken("missing")
        yield Finding(f"decoder {name}", works, detail, mend, needed=not alone)


def _cameras() -> Iterator[Finding]:
    from importlib.util import find_spec

    driver = find_spec("cv2") is not None
    cameras = len(list(Path("/dev").glob("video*")))
    mend = "" if driver else "pip install opencv-python-headless"
    ready = spoken("ready") if driver else spoken("missing")
    detail = spoken("driver %(ready)s, %(cameras)s connected", ready=ready, cameras=cameras)
    yield Finding("cameras", driver, detail, mend, needed=False)


def _labels() -> Iterator[Finding]:
    import labels

    content = labels.LabelContent("200 000 001 94", "20000000194", "24001-03", ("测试 ℃ Ω ①",))
    try:
        pdf = labels.render_pdf([content], labels.stock("40x30"))
        labels.read_back(pdf, [content.symbol])
    except labels.LabelError as error:
        yield Finding("labels", False, str(error), spoken("reinstall Tallycard"))
        return
    yield Finding("labels", True, spoken("a Chinese label was rendered and read back"))


def _cards() -> Iterator[Finding]:
    from importlib.util import find_spec

    if find_spec("smartcard") is None:
        mend = "pip install 'tallycard[pcsc]'"
        yield Finding("PC/SC", False, spoken("no driver for card readers"), mend, needed=False)
        return
    running = Path("/run/pcscd/pcscd.comm").exists()
    mend = "" if running else "apt-get install pcscd"
    detail = spoken("ready") if running else spoken("pcscd is not running")
    yield Finding("PC/SC", running, detail, mend, needed=False)


def _printers() -> Iterator[Finding]:
    import subprocess

    lpstat = shutil.which("lpstat")
    if lpstat is None:
        mend = spoken("apt-get install cups-client; or print the PDF from any computer")
        yield Finding("printers", False, spoken("lp is not installed"), mend, needed=False)
        return
    done = subprocess.run(  # noqa: S603 - CUPS' own tool
        [lpstat, "-e"], capture_output=True, text=True, timeout=20, check=False
    )
    names = done.stdout.split()
    yield Finding("printers", bool(names), ", ".join(names) or spoken("none"), needed=False)


ALONE: tuple[Callable[[], Iterator[Finding]], ...] = (
    _readers, _cameras, _labels, _cards, _printers,
)  # fmt: skip
