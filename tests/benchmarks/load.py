"""The load: clients that keep their connection and send one request after the other.

It runs in a process of its own, so that its CPU time is not counted as the server's, reads
its orders as JSON from standard input and writes what it saw to standard output.
"""

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from tests.benchmarks.servers import HOST

PATH = "/api/v1/scans"
TIMEOUT_S = 60
AT = "2026-11-23T04:00:00Z"


@dataclass(frozen=True, slots=True)
class Orders:
    """What to send: to which port, by how many clients, for how long, how many scans at once."""

    port: int
    token: str
    clients: int
    seconds: float
    device: str
    codes: tuple[str, ...]
    task: str = ""
    scans_each: int = 1
    most_requests: int = 50_000


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of it: milliseconds of each request, seconds in all, requests not answered 200."""

    latencies_ms: tuple[float, ...]
    seconds: float
    refused: int


def send(orders: Orders) -> Seen:
    """Send the load from another process and return what it saw."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.load"],
        input=json.dumps(asdict(orders)),
        capture_output=True,
        text=True,
        check=True,
        timeout=orders.seconds + 2 * TIMEOUT_S,
    )
    told = json.loads(done.stdout)
    return Seen(tuple(told["latencies_ms"]), told["seconds"], told["refused"])


class _Client(threading.Thread):
    """One client: a device of its own that counts its scans, and one connection."""

    def __init__(self, orders: Orders, number: int, begin: threading.Barrier) -> None:
        super().__init__()
        self.orders = orders
        self.number = number
        self.begin = begin
        self.latencies_ms: list[float] = []
        self.refused = 0
        self.ended = 0.0
        self.seq = 0

    def run(self) -> None:
        connection = http.client.HTTPConnection(HOST, self.orders.port, timeout=TIMEOUT_S)
        connection.connect()
        headers = {
            "Authorization": f"Bearer {self.orders.token}",
            "Content-Type": "application/json",
        }
        self.begin.wait()
        deadline = time.perf_counter() + self.orders.seconds
        for _ in range(self.orders.most_requests // self.orders.clients):
            body = self._body()
            sent = time.perf_counter()
            connection.request("POST", PATH, body, headers)
            answer = connection.getresponse()
            answer.read()
            self.ended = time.perf_counter()
            self.latencies_ms.append((self.ended - sent) * 1000)
            self.refused += answer.status != 200
            if self.ended > deadline:
                break
        connection.close()

    def _body(self) -> bytes:
        scans = [self._scan() for _ in range(self.orders.scans_each)]
        return json.dumps(scans[0] if len(scans) == 1 else {"scans": scans}).encode()

    def _scan(self) -> dict[str, object]:
        self.seq += 1
        codes: Sequence[str] = self.orders.codes
        scan: dict[str, object] = {
            "device": f"{self.orders.device}-{self.number}",
            "seq": self.seq,
            "at": AT,
            # Clients walk through the room from different ends.
            "payload": codes[(self.number * 997 + self.seq) % len(codes)],
            "medium": "camera",
        }
        return scan | {"task": self.orders.task} if self.orders.task else scan


def _send_here(orders: Orders) -> Seen:
    begin = threading.Barrier(orders.clients + 1)
    clients = [_Client(orders, number, begin) for number in range(orders.clients)]
    for client in clients:
        client.start()
    begin.wait()
    begun = time.perf_counter()
    for client in clients:
        client.join()
    return Seen(
        tuple(one for client in clients for one in client.latencies_ms),
        max(client.ended for client in clients) - begun,
        sum(client.refused for client in clients),
    )


if __name__ == "__main__":
    told = json.load(sys.stdin)
    json.dump(asdict(_send_here(Orders(**told))), sys.stdout)
