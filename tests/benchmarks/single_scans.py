"""Single scans over HTTP, each answered only when it is durable, beside a bare Flask answer."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

from tests.benchmarks import load, servers
from tests.benchmarks.deployment import Deployment
from tests.benchmarks.table import Row

CLIENTS = (8, 32)
ROUNDS = 3
SECONDS = 1.5
WARM_SECONDS = 0.5
REFERENCE = "a bare Flask view, same server and load"


@dataclass(slots=True)
class Run:
    """What all rounds of one load on one server came to."""

    latencies_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu_s: float = 0.0

    def add(self, server: servers.Server, orders: load.Orders) -> None:
        """Send one more round of load."""
        before = server.cpu_s()
        seen = load.send(orders)
        self.cpu_s += server.cpu_s() - before
        if seen.refused:
            raise RuntimeError(f"{seen.refused} requests were not answered 200")
        self.latencies_ms += seen.latencies_ms
        self.seconds += seen.seconds

    @property
    def per_second(self) -> float:
        return len(self.latencies_ms) / self.seconds

    @property
    def cpu_ms(self) -> float:
        return self.cpu_s / len(self.latencies_ms) * 1000

    def percentile_ms(self, percent: int) -> float:
        return quantiles(self.latencies_ms, n=100)[percent - 1]


def measure(deployment: Deployment, folder: Path) -> Iterator[Row]:
    """Measure with few and many clients, looking up alone and as sightings of a count."""
    own = deployment.copied(folder / "single")
    sent = 0
    with servers.tallycard(own.config.data) as ours, servers.bare() as bare:
        for task in ("", own.count_id):
            for clients in CLIENTS:
                scans, answers = Run(), Run()
                for turn in range(-1, ROUNDS):
                    orders = load.Orders(
                        port=ours.port,
                        token=own.token,
                        clients=clients,
                        seconds=SECONDS if turn >= 0 else WARM_SECONDS,
                        device=f"{'count' if task else 'look'}-{clients}-{turn}",
                        codes=own.codes,
                        task=task,
                    )
                    ...
