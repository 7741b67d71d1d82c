"""This module is about what disks and databases refuse, as refusals that say so and what to do.

One place for pages, the API and the command line; nobody else reads a driver's error.
"""

import errno

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from inventory.errors import (
    Busy,
    Damaged,
    DatabaseGone,
    DiskFailed,
    DiskFull,
    ReadOnly,
    Unavailable,
)

# https://www.sqlite.org/rescode.html
SQLITE: dict[int, type[Unavailable]] = {
    5: Busy,  # SQLITE_BUSY
    6: Busy,  # SQLITE_LOCKED
    8: ReadOnly,
    10: DiskFailed,  # SQLITE_IOERR
    11: Damaged,  # SQLITE_CORRUPT
    13: DiskFull,
    14: DiskFailed,  # SQLITE_CANTOPEN
    26: Damaged,  # SQLITE_NOTADB
}
# https://www.postgresql.org/docs/current/errcodes-appendix.html
POSTGRESQL: dict[str, type[Unavailable]] = {
    "25006": ReadOnly,
    "40001": Busy,
    "40P01": Busy,
    "53100": DiskFull,
    "53300": Busy,  # too_many_connections
    "55P03": Busy,  # lock_not_available
    "57014": Busy,  # query_canceled, by a time limit
    "58030": DiskFailed,
    "XX001": Damaged,
    "XX002": Damaged,
}
SYSTEM: dict[int, type[Unavailable]] = {
    errno.ENOSPC: DiskFull,
    errno.EDQUOT: DiskFull,
    errno.EROFS: ReadOnly,
    errno.EIO: DiskFailed,
}


def refusal_for(error: BaseException) -> Unavailable | None:
    """Return the refusal that an error of a driver or of the system stands for, if any."""
    found = _class_of(error)
    return found(what="database", reason=found.code) if found else None


def _class_of(error: BaseException) -> type[Unavailable] | None:
    if isinstance(error, DBAPIError):
        return _of_driver(error)
    if isinstance(error, OSError) and error.errno is not None:
        return SYSTEM.get(error.errno)
    return None


def _of_driver(error: DBAPIError) -> type[Unavailable] | None:
    code = getattr(error.orig, "sqlite_errorcode", None)
    if isinstance(code, int):
        return SQLITE.get(code & 0xFF)
    state = getattr(error.orig, "sqlstate", None)
    if isinstance(state, str):
        known = POSTGRESQL.get(state)
        return known or (DatabaseGone if state[:2] in {"08", "57"} else None)
    gone = isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    return DatabaseGone if gone else None
