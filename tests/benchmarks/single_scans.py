"""Single scans over HTTP, each answered only when it is durable, beside a bare Flask answer."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import quantiles

from tests.benchmarks import load, servers
from tests.benchmarks.deployment import Deployment
from tests.benchmarks.table import Row

CLIENTS = (8, 32)
ROUNDS = 3
SECONDS = 1.5
WARM_SECONDS = 0.3
REFERENCE = "a bare Flask view, same server and load"


@dataclass(slots=True)
class Run:
    """What the rounds of one load on one server came to."""

    server: servers.Server
    latencies_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu_s: float = 0.0

    def add(self, orders: load.Orders) -> None:
        """Send one more round of load."""
        before = self.server.cpu_s()
        seen = load.send(replace(orders, port=self.server.port))
        self.cpu_s += self.server.cpu_s() - before
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
    """Measure with few and many clients, without a task and as sightings of a count."""
    own = deployment.copied(folder / "single")
    answered = 0
    with servers.tallycard(own.config.data) as ours, servers.bare() as bare:
        for task in ("", own.count_id):
            for clients in CLIENTS:
                orders = load.Orders(0, own.token, clients, SECONDS, "", own.codes, task)
                warm, scans, answers = Run(ours), Run(ours), Run(bare)
                for turn in range(ROUNDS + 1):
                    named = replace(orders, device=f"{task or 'look'}-{clients}-{turn}")
                    if turn == 0:
                        warm.add(replace(named, seconds=WARM_SECONDS))
                        continue
                    answers.add(named)
                    scans.add(named)
                answered += len(warm.latencies_ms) + len(scans.latencies_ms)
                yield from _rows(f"scan{' in a count' if task else ''}, {clients} clients",
                                 scans, answers)  # fmt: skip
    _check_kept(own, answered)


def _rows(what: str, scans: Run, answers: Run) -> Iterator[Row]:
    yield Row(what, "scans/s", scans.per_second, answers.per_second, REFERENCE,
              scans.cpu_ms, answers.cpu_ms)  # fmt: skip
    for percent in (50, 99):
        yield Row(what, f"p{percent} ms", scans.percentile_ms(percent),
                  answers.percentile_ms(percent), REFERENCE)  # fmt: skip


def _check_kept(deployment: Deployment, answered: int) -> None:
    """Every scan that was answered is in the database; else the figures would be worth nothing."""
    with closing(sqlite3.connect(str(deployment.config.database_file))) as connection:
        [kept] = connection.execute("SELECT count(*) FROM scan").fetchone()
    if kept != answered:
        raise RuntimeError(f"{answered} scans were answered and {kept} are kept")
