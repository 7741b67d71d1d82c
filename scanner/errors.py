"""Refusals of the readers: one root, one class a situation, data instead of sentences."""

from pathlib import Path
from typing import ClassVar


class ReaderError(Exception):
    """
    Root of everything that `scanner` refuses.

    ``code`` is stable and meant for tables of words; the other attributes of a
    class are its data.
    """

    code: ClassVar[str] = "reader_error"


class DriverMissing(ReaderError):
    """A library that the asked-for work needs is not installed."""

    code = "driver_missing"

    def __init__(self, driver: str, remedy: str) -> None:
        super().__init__(f"{driver} is not available: {remedy}")
        self.driver = driver
        self.remedy = remedy


class ReaderUnavailable(ReaderError):
    """A camera, recording or folder cannot be opened: absent, in use or not readable."""

    code = "reader_unavailable"

    def __init__(self, reader: str, reason: str) -> None:
        super().__init__(f"{reader}: {reason}")
        self.reader = reader
        self.reason = reason


class ReaderLost(ReaderError):
    """A reader that worked went away while it was being read."""

    code = "reader_lost"

    def __init__(self, reader: str, reason: str) -> None:
        super().__init__(f"{reader}: {reason}")
        self.reader = reader
        self.reason = reason


class UnreadableImage(ReaderError):
    """A file is missing, no picture, damaged, or larger than the limits allow."""

    code = "unreadable_image"

    def __init__(self, file: str | Path, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file = str(file)
        self.reason = reason


class SpoolUnavailable(ReaderError):
    """The spool's file cannot be opened or written, or is not a spool of ours."""

    code = "spool_unavailable"

    def __init__(self, path: str | Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = str(path)
        self.reason = reason


class ServerUnavailable(ReaderError):
    """The server did not answer, or not usefully; the scans are kept for a later try."""

    code = "server_unavailable"

    def __init__(self, server: str, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"{server}: {reason}")
        self.server = server
        self.reason = reason
        self.retry_after_s = retry_after_s


class NotAllowed(ReaderError):
    """The server does not accept the token (401) or its rights (403); trying again is no use."""

    code = "not_allowed"

    def __init__(self, server: str, status: int, reason: str) -> None:
        super().__init__(f"{server}: {status} {reason}")
        self.server = server
        self.status = status
        self.reason = reason


class BatchRefused(ReaderError):
    """The server will never take this batch as it stands; some or all of its scans are at fault."""

    code = "batch_refused"

    def __init__(self, server: str, status: int, reason: str, reasons: dict[int, str]) -> None:
        super().__init__(f"{server}: {status} {reason}")
        self.server = server
        self.status = status
        self.reason = reason
        self.reasons = reasons
        """Reason by position in the batch; empty when the server named none."""
