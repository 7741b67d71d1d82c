"""What was acknowledged must be there, once, as it was answered: clients and the one checker.

Every fault uses this module, and so does every control; a control is something that is broken on
purpose, and the checker must see it.
"""

import http.client
import json
import sqlite3
import threading
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.processes import BROWSER

AT = "2026-11-25T00:00:00Z"
TIMEOUT_S = 20.0
LONGEST_S = 60.0
"""So long a client tries to get one scan acknowledged."""
PATH = "/api/v1/scans"


@dataclass(frozen=True, slots=True)
class Row:
    """A scan as the database keeps it. `name` is the client's own name for it."""

    name: str
    device: str
    seq: int
    outcome: str


@dataclass
class Log:
    """What clients were told, by the name of the scan; written by many threads."""

    answered: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: list[tuple[str, int, str]] = field(default_factory=list)
    lost_replies: int = 0


def faults(log: Log, rows: list[Row]) -> list[str]:
    """
    Say what is wrong: acknowledged scans that are missing, twice there, or answered otherwise.

    A scan that nobody acknowledged may be there or not, but not twice.
    """
    found, by_name = [], defaultdict(list)
    for row in rows:
        by_name[row.name].append(row)
    for name, answer in log.answered.items():
        there = by_name.get(name, [])
        if not there:
            found.append(f"{name} was acknowledged and is lost")
        elif there[0].outcome != answer.get("stored", answer["outcome"]):
            found.append(f"{name} was answered {answer['outcome']}, kept as {there[0].outcome}")
    found += [f"{name} is there {len(there)} times" for name, there in by_name.items()
              if len(there) > 1]  # fmt: skip
    return sorted(found)


def rows_in(database: Path) -> list[Row]:
    """Return the clients' scans in an SQLite file, and find the file whole."""
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        [(verdict,)] = connection.execute("PRAGMA integrity_check").fetchall()
        assert verdict == "ok"
        query = "SELECT place, device, seq, outcome FROM scan WHERE place LIKE 'fault-%'"
        return [Row(*row) for row in connection.execute(query)]


class Client(threading.Thread):
    """
    A device that sends its scans in order, each again and again until it is acknowledged.

    `keyed` clients send the same number again; one that does not is a control.
    """

    def __init__(self, number: int, codes: list[str], log: Log, *, keyed: bool = True) -> None:
        super().__init__(name=f"client-{number}", daemon=True)
        self.number, self.codes, self.log, self.keyed = number, codes, log, keyed
        self.port = 0
        self.token = ""
        self.ended = threading.Event()
        self.seq = 0
        self._sent = 0

    def run(self) -> None:
        while not self.ended.is_set():
            self.seq += 1
            self.send(self.scan(self.seq))

    def scan(self, n: int) -> dict[str, Any]:
        """The n-th scan: three of four belong to something, the fourth to nothing."""
        payload = self.codes[n % len(self.codes)] if n % 4 else f"nothing {n}"
        return {
            "device": f"fault-{self.number}", "seq": n, "at": AT, "payload": payload,
            "place": f"fault-{self.number}-{n}", "medium": "camera",
        }  # fmt: skip

    def send(self, scan: dict[str, Any]) -> None:
        """Send until it is acknowledged, or the client is told to end."""
        deadline = time.monotonic() + LONGEST_S
        while True:
            assert time.monotonic() < deadline, self.log.refused[-1:]
            self._sent += 1
            body = scan if self.keyed else scan | {"seq": self._sent}
            try:
                status, answer = post(self.port, self.token, body)
            except (OSError, http.client.HTTPException):
                self.log.lost_replies += 1
                time.sleep(0.01)
            else:
                if status == 200:
                    self.log.answered[scan["place"]] = answer["results"][0]
                    return
                self.log.refused.append((scan["place"], status, answer.get("code", "")))
                time.sleep(0.05)
            if self.ended.is_set():
                return


def post(port: int, token: str, scan: Any, timeout_s: float = TIMEOUT_S) -> tuple[int, Any]:
    """Send one body and return status and answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        headers = {
            "Authorization": f"Bearer {token}", "Content-Type": "application/json",
            "Accept-Language": "en",
        }  # fmt: skip
        connection.request("POST", PATH, json.dumps(scan), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def get(port: int, path: str, token: str = "", cookie: str = "") -> tuple[int, str]:
    """Fetch a page or an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {"Cookie": cookie}
        headers["User-Agent"] = BROWSER
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
