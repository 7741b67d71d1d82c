"""The courier: carries what the spool holds to the server, beside the reading."""

import random
from collections.abc import Callable, Mapping, Sequence
from threading import Condition, Thread

from scanner.errors import (
    BatchRefused,
    NotAllowed,
    ReaderError,
    ServerUnavailable,
    SpoolUnavailable,
)
from scanner.events import Event, Offline, Refused, answered
from scanner.events import NotAllowed as NotAllowedEvent
from scanner.sender import MAX_BATCH, Answer, Sender
from scanner.spool import Spool, Waiting

Tell = Callable[[Event], None]


class Backoff:
    """
    Waiting times after failures: doubling from ``first_s``, at most ``longest_s`` seconds.

    Each is drawn between half of its time and all of it, so that the stations of a school do not
    all come back in the same second.
    """

    def __init__(
        self,
        *,
        first_s: float = 0.5,
        longest_s: float = 30.0,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._draw = draw
        self._failures = 0

    def next_s(self, at_least_s: float | None = None) -> float:
        """Give the time to wait now, in seconds; the server may ask for more, up to the longest."""
        # 2**10 is past any sensible limit; a station may fail for weeks.
        full_s = min(self._first_s * float(2 ** min(self._failures, 10)), self._longest_s)
        self._failures += 1
        wait_s = full_s * (0.5 + self._draw() / 2)
        return min(max(wait_s, at_least_s or 0.0), self._longest_s)

    def reset(self) -> None:
        """Begin anew after a success."""
        self._failures = 0


class Delivery:
    """One pass over the spool: everything that waits is offered to the server once."""

    def __init__(self, spool: Spool, sender: Sender, tell: Tell) -> None:
        self._spool = spool
        self._sender = sender
        self._tell = tell
        self.sent = 0
        self.refused = 0

    def run(self) -> None:
        """
        Offer what waits, batch by batch; a scan without an answer keeps waiting.

        Raises:
            ServerUnavailable: at the first failure, or when some scans got no answer.
            NotAllowed: the token is not accepted.
            SpoolUnavailable: the spool cannot be read or written.
        """
        last, unanswered = 0, 0
        while batch := self._spool.pending(MAX_BATCH, after=last):
            # Past the batch in any case: one that is never answered for must not block the rest.
            last = batch[-1].scan.seq
            unanswered += self._deliver(batch)
        if unanswered:
            raise ServerUnavailable("the server", f"no answer for {unanswered} scans")

    def _deliver(self, batch: Sequence[Waiting]) -> int:
        """Send a batch and note the answers; give how many scans got none."""
        try:
            answers = self._sender.send(batch)
        except BatchRefused as refusal:
            return self._deliver_rest(batch, refusal)
        self._settle(batch, answers)
        return len(batch) - len({answer.seq for answer in answers})

    def _deliver_rest(self, batch: Sequence[Waiting], refusal: BatchRefused) -> int:
        """
        Put aside what is at fault and send the rest.

        A server that names nobody is asked with halves, until the culprit stands alone.
        """
        named = {i: why for i, why in refusal.reasons.items() if i < len(batch)}
        if not named and len(batch) > 1:
            middle = len(batch) // 2
            return self._deliver(batch[:middle]) + self._deliver(batch[middle:])
        named = named or {0: refusal.reason}
        self._refuse({batch[i]: why for i, why in named.items()})
        rest = [waiting for i, waiting in enumerate(batch) if i not in named]
        return self._deliver(rest) if rest else 0

    def _settle(self, batch: Sequence[Waiting], answers: Sequence[Answer]) -> None:
        by_seq = {answer.seq: answer for answer in answers}
        self._spool.settle({seq: answer.as_json() for seq, answer in by_seq.items()})
        for waiting in batch:
            if answer := by_seq.get(waiting.scan.seq):
                self.sent += 1
                self._tell(answered(waiting.scan, answer.outcome, answer.target, answer.task))

    def _refuse(self, reasons: Mapping[Waiting, str]) -> None:
        self._spool.refuse({waiting.scan.seq: why for waiting, why in reasons.items()})
        for waiting, why in reasons.items():
            self.refused += 1
            self._tell(Refused(waiting.scan, why))


class Courier:
    """
    A thread that delivers while frames are read, so that a dead server stops nobody.

    ``tell`` is called in that thread. Begin with ``start``, say ``hurry`` after each put, end
    with ``finish``; afterwards ``error`` holds what stopped it, if anything did.
    """

    def __init__(
        self, spool: Spool, sender: Sender, tell: Tell, *, backoff: Backoff | None = None
    ) -> None:
        self._delivery = Delivery(spool, sender, tell)
        self._tell = tell
        self._backoff = backoff or Backoff()
        self._wake = Condition()
        self._has_work = True  # what an earlier run left behind
        self._finishing = False
        self._thread = Thread(target=self._work, name="scanner-courier", daemon=True)
        self.error: ReaderError | None = None

    @property
    def sent(self) -> int:
        """Give how many scans the server answered for."""
        return self._delivery.sent

    def start(self) -> None:
        """Begin to deliver, with what an earlier run left waiting."""
        self._thread.start()

    def hurry(self) -> None:
        """Say that something was put into the spool."""
        with self._wake:
            self._has_work = True
            self._wake.notify()

    def finish(self) -> None:
        """Offer everything that waits once more, then end; blocks until that is done."""
        with self._wake:
            self._finishing = self._has_work = True
            self._wake.notify()
        self._thread.join()

    def _work(self) -> None:
        wait_s: float | None = None
        while True:
            self._sleep(wait_s)
            # Read before delivering: a failure before `finish` was said is not the last try.
            last_try = self._finishing
            try:
                self._delivery.run()
            except ServerUnavailable as trouble:
                wait_s = None if last_try else self._backoff.next_s(trouble.retry_after_s)
                self._tell(Offline(trouble.reason, wait_s))
            except NotAllowed as refusal:
                self.error = refusal
                self._tell(NotAllowedEvent(refusal.status, refusal.reason))
                return
            except SpoolUnavailable as broken:
                self.error = broken
                return
            else:
                wait_s = None
                self._backoff.reset()
            if last_try:
                return

    def _sleep(self, wait_s: float | None) -> None:
        """Sleep until there is work, a waiting time is over, or the end is near."""
        with self._wake:
            if wait_s is None:
                self._wake.wait_for(lambda: self._has_work)
            else:
                # New scans do not shorten the waiting: the server is as dead for them.
                self._wake.wait_for(lambda: self._finishing, timeout=wait_s)
            self._has_work = False
