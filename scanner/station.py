"""A scan station: pictures in, scans on the disk, answers from the server."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from scanner.courier import Backoff, Courier
from scanner.decode import DEFAULT_FORMATS, Decoder, Format, Reading, decode
from scanner.events import Event, Queued, Read
from scanner.events import Skipped as SkippedEvent
from scanner.repeats import Repeats
from scanner.sender import Sender
from scanner.sources import Frame, Skipped, Source
from scanner.spool import Counts, Spool


@dataclass(frozen=True, slots=True)
class Summary:
    """
    What a run did, in numbers.

    ``frames``, ``skipped``, ``read`` and ``sent`` are of this run; ``waiting`` and ``refused``
    are all that the spool holds, also from earlier runs.
    """

    frames: int = 0
    skipped: int = 0
    read: int = 0
    sent: int = 0
    waiting: int = 0
    refused: int = 0


def run(
    source: Source,
    spool: Spool | None,
    sender: Sender | None,
    *,
    task: str | None = None,
    on_event: Callable[[Event], None] = lambda event: None,
    decoder: Decoder = "auto",
    formats: Sequence[Format | str] = DEFAULT_FORMATS,
    backoff: Backoff | None = None,
) -> Summary:
    """
    Read a source to its end, keep what it shows, and deliver it beside the reading.

    Every fresh code is on the disk before the next frame is looked at. At the end everything that
    waits is offered once more; what the server does not take now waits for the next run. Without
    a spool codes are only told. ``on_event`` is called in the caller's thread only. Ctrl-C ends a
    run in order, like the end of a recording.

    Raises:
        ReaderUnavailable: the source cannot be opened.
        DriverMissing: no decoder, or not the one asked for.
        ReaderLost: the source went away; what was read is kept, and was offered.
        SpoolUnavailable: what is read cannot be kept.
        ValueError: a sender without a spool.
    """
    if sender is not None and spool is None:
        raise ValueError("what is sent is kept in a spool first")
    station = _Station(spool, sender, task=task, on_event=on_event, backoff=backoff)
    repeats = Repeats(source.repeat_window_s)
    with source, station:
        try:
            for picture in source:
                if isinstance(picture, Skipped):
                    station.skip(picture)
                    continue
                readings = decode(
                    picture.image, formats=formats, decoder=decoder, budget_ms=source.budget_ms
                )
                fresh = repeats.fresh((reading.text for reading in readings), picture.at)
                station.take(picture, readings, fresh, source)
        except KeyboardInterrupt:
            pass
    return station.summary()


class _Station:
    """The part of a run that knows the spool, the courier and the person who listens."""

    def __init__(
        self,
        spool: Spool | None,
        sender: Sender | None,
        *,
        task: str | None,
        on_event: Callable[[Event], None],
        backoff: Backoff | None,
    ) -> None:
        self._spool = spool
        self._task = task
        self._on_event = on_event
        self._told: SimpleQueue[Event] = SimpleQueue()
        self._courier: Courier | None = None
        if spool is not None and sender is not None:
            self._courier = Courier(spool, sender, self._told.put, backoff=backoff)
        self._frames = self._skipped = self._read = 0

    def __enter__(self) -> "_Station":
        if self._courier:
            self._courier.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._courier:
            self._courier.finish()
        self._tell_news()

    def skip(self, skipped: Skipped) -> None:
        self._skipped += 1
        self._on_event(SkippedEvent(skipped.name, skipped.error.reason))

    def take(
        self, frame: Frame, readings: Sequence[Reading], fresh: Sequence[str], source: Source
    ) -> None:
        """Keep the fresh codes of one frame, tell of them, and pass on the courier's news."""
        self._frames += 1
        if fresh:
            self._read += len(fresh)
            by_text = {reading.text: reading for reading in reversed(readings)}
            kept = self._kept(frame, fresh, source)
            for text in fresh:
                self._on_event(Read(by_text[text], frame.at, frame.name))
            for event in kept:
                self._on_event(event)
        self._tell_news()

    def summary(self) -> Summary:
        counts = self._spool.counts() if self._spool else Counts()
        return Summary(
            frames=self._frames,
            skipped=self._skipped,
            read=self._read,
            sent=self._courier.sent if self._courier else 0,
            waiting=counts.waiting,
            refused=counts.refused,
        )

    def _kept(self, frame: Frame, fresh: Sequence[str], source: Source) -> list[Queued]:
        if self._spool is None:
            return []
        scans = self._spool.put_all(fresh, source.medium, frame.at, self._task)
        if self._courier:
            self._courier.hurry()
        return [Queued(scan) for scan in scans]

    def _tell_news(self) -> None:
        while True:
            try:
                event = self._told.get_nowait()
            except Empty:
                return
            self._on_event(event)
