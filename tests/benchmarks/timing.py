"""Timing functions in turns, so that a busy moment hits ours and the reference alike."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Timed:
    """Median seconds of one call: by the clock on the wall, and of this process's CPU."""

    wall_s: float
    cpu_s: float

    def per_second(self, pieces: int) -> float:
        """Return how many pieces a second were done, by the clock on the wall."""
        return pieces / self.wall_s

    def cpu_ms(self, pieces: int) -> float:
        """Return the CPU milliseconds of one piece."""
        return self.cpu_s / pieces * 1000


def in_turns(
    calls: Mapping[str, Callable[[], object]], *, rounds: int, warm: bool = True
) -> dict[str, Timed]:
    """Call each function once a round, one after the other, and return their medians."""
    if warm:
        for call in calls.values():
            call()
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            wall, cpu = time.perf_counter(), time.process_time()
            call()
            spent[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {
        name: Timed(median(wall for wall, _ in times), median(cpu for _, cpu in times))
        for name, times in spent.items()
    }
