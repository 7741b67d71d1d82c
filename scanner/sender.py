"""Delivery: batches of scans to the server, and what it answered for each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from scanner.errors import BatchRefused, NotAllowed, ReaderError, ServerUnavailable
from scanner.spool import Waiting

if TYPE_CHECKING:
    from scanner.transport import Response

MAX_BATCH = 200

# With these the server says that it understood and will not take it; sending it again is no use.
_REFUSALS = frozenset({400, 409, 413, 422})


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server made of one scan: its words, kept as they came."""

    device: str
    seq: int
    outcome: str
    target: Any = None
    task: Any = None

    def as_json(self) -> dict[str, Any]:
        """Give outcome, target and task as JSON values, as the spool keeps them."""
        return {"outcome": self.outcome, "target": self.target, "task": self.task}


class Sender(Protocol):
    """
    Anything that delivers scans.

    Gives an answer for each scan that the other side has taken, and for no other.

    Raises:
        ServerUnavailable: keep them and try again later.
        NotAllowed: keep them and stop.
        BatchRefused: some or all of this batch will never be taken.
    """

    def send(self, batch: Sequence[Waiting]) -> list[Answer]: ...


class HttpSender:
    """
    Posts scans as JSON to ``{server_url}/api/v1/scans`` with a bearer token.

    ``timeout_s`` is the longest silence of the server in seconds; ``ca_file`` holds a further
    certificate authority in PEM, for a server with one of its own. Redirects are not followed.
    The proxies of the environment are used, but not for this computer's own server.

    Raises:
        ValueError: no http or https address, or a token with characters that no header holds.
        OSError: ``ca_file`` cannot be read.
    """

    def __init__(
        self,
        server_url: str,
        token: str,
        timeout_s: float = 10.0,
        *,
        ca_file: str | Path | None = None,
    ) -> None:
        from scanner.transport import Transport  # half of this package's import time

        self.server = server_url.rstrip("/")
        self._transport = Transport(self.server, token, timeout_s, ca_file)

    def send(self, batch: Sequence[Waiting]) -> list[Answer]:
        """Post one batch of at most 1,000 scans, better `MAX_BATCH`; raises as `Sender` says."""
        body = {"scans": [waiting.as_json() for waiting in batch]}
        response = self._transport.post("/api/v1/scans", body)
        if not 200 <= response.status < 300:
            raise _refusal(self.server, response)
        answers = _answers(response.body, batch)
        if answers is None:
            # A sign-in page of the building's network also says 200.
            raise ServerUnavailable(self.server, "something else answers at this address")
        return answers


def _refusal(server: str, response: "Response") -> ReaderError:
    """Turn an HTTP status into what the sender has to do about it."""
    status = response.status
    if 300 <= status < 400:
        there = response.headers.get("location", "another address")
        return ServerUnavailable(server, f"it redirects to {there}; use that address")
    problem = response.body if isinstance(response.body, dict) else {}
    reason = _detail(problem) or f"HTTP status {status}"
    if status in (401, 403):
        return NotAllowed(server, status, reason)
    if status in _REFUSALS:
        return BatchRefused(server, status, reason, dict(_named(problem)))
    wait_s = response.headers.get("retry-after", "")
    return ServerUnavailable(server, reason, float(wait_s) if wait_s.isdecimal() else None)


def _answers(told: Any, batch: Sequence[Waiting]) -> list[Answer] | None:
    """Keep the results about scans of this batch; None when this is no answer of ours at all."""
    results = told.get("results") if isinstance(told, dict) else None
    if not isinstance(results, list):
        return None
    sent = {(waiting.scan.device, waiting.scan.seq) for waiting in batch}
    answers = (_answer(result) for result in results if isinstance(result, dict))
    return [answer for answer in answers if answer and (answer.device, answer.seq) in sent]


def _answer(result: dict[str, Any]) -> Answer | None:
    device, seq, outcome = (result.get(key) for key in ("device", "seq", "outcome"))
    # A bool is an int for Python and not for JSON.
    if isinstance(device, str) and type(seq) is int and isinstance(outcome, str):
        return Answer(device, seq, outcome, result.get("target"), result.get("task"))
    return None


def _detail(problem: dict[str, Any]) -> str:
    words = (problem.get(key) for key in ("detail", "title", "message"))
    return next((word for word in words if isinstance(word, str) and word), "")


def _named(problem: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """Give position and reason of the scans that a problem names by JSON pointers (RFC 9457)."""
    errors = problem.get("errors")
    for error in errors if isinstance(errors, list) else []:
        pointer = error.get("pointer") if isinstance(error, dict) else None
        parts = pointer.lstrip("#/").split("/") if isinstance(pointer, str) else []
        if len(parts) >= 2 and parts[0] == "scans" and parts[1].isdecimal():
            yield int(parts[1]), _detail(error) or _detail(problem)
