"""Repeats: a label that stays in view is one scan, not thirty a second."""

from collections.abc import Iterable
from datetime import datetime, timedelta


class Repeats:
    """
    Remembers what was in view lately.

    A payload is fresh when it was out of view for at least ``window_s`` seconds (2.0); as long as
    it stays in view it is not, however long that is. Without a window (None) nothing is remembered
    from one picture to the next, and each still's own codes count.

    Raises:
        ValueError: the window is negative.
    """

    def __init__(self, window_s: float | None = 2.0) -> None:
        if window_s is not None and window_s < 0:
            raise ValueError(f"a window of {window_s} s cannot be")
        self._window = None if window_s is None else timedelta(seconds=window_s)
        self._last_seen: dict[str, datetime] = {}

    def fresh(self, payloads: Iterable[str], at: datetime) -> list[str]:
        """Give the payloads of one picture that are no repeats, each once and in their order."""
        self._forget(at)
        once = dict.fromkeys(payloads)
        fresh = [payload for payload in once if payload not in self._last_seen]
        if self._window is not None:
            self._last_seen.update(dict.fromkeys(once, at))
        return fresh

    def _forget(self, at: datetime) -> None:
        window = self._window
        if window is not None:
            # Absolute: after a clock was set back, what lies in the future is out of view too.
            self._last_seen = {
                payload: seen
                for payload, seen in self._last_seen.items()
                if abs(at - seen) < window
            }
