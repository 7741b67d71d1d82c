"""A station reads, keeps, sends and tells, with or without a server."""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest
from scanner_scenes import qr, record, with_margin
from scanner_server import TOKEN, TallyServer, answers, dies_before_it_replies

from scanner import (
    Backoff,
    Counts,
    Frame,
    HttpSender,
    ImageFolder,
    Medium,
    ReaderLost,
    ReaderUnavailable,
    ServerUnavailable,
    Spool,
    Summary,
    VideoFile,
    run,
)
from scanner.events import Again, NotAllowed, Offline, Queued, Read, Refused, Seen, Skipped, Unknown

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HASTE = {"first_s": 0.01, "longest_s": 0.05}
A, B = "20000000194", "20000000291"


class Show:
    """A source that shows labels at given seconds; a function in between is called."""

    medium = Medium.CAMERA
    repeat_window_s = 2.0
    budget_ms = None
    name = "show"

    def __init__(self, *shown, ends_with=None):
        self.shown = shown
        self.ends_with = ends_with

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def __iter__(self):
        for i, what in enumerate(self.shown):
            if callable(what):
                what()
                continue
            second, *payloads = what
            image = np.hstack([qr(payload) for payload in payloads] or [np.zeros((9, 9), np.uint8)])
            yield Frame(image, NOON + timedelta(seconds=second), f"frame {i}")
        if self.ends_with:
            raise self.ends_with


@pytest.fixture
def spool(tmp_path):
    with Spool(tmp_path / "spool.db") as spool:
        yield spool


@pytest.fixture
def server():
    with TallyServer() as server:
        yield server


def sender(server):
    return HttpSender(server.url, TOKEN, 5.0)


def kinds(events):
    return Counter(type(event) for event in events)


def until(condition):
    def wait():
        deadline = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in five seconds"
            time.sleep(0.005)

    return wait


def test_a_walk_along_a_shelf(spool, server):
    events = []
    show = Show((0, A), (0.1, A, B), (0.2,), (1, A), (9, A), (9.1, "X-1"))

    summary = run(show, spool, sender(server), task="count-7", on_event=events.append)

    assert summary == Summary(frames=6, read=4, sent=4)
    assert server.payloads == [A, B, A, "X-1"]
    assert {scan["task"] for scan in server.kept.values()} == {"count-7"}
    assert kinds(events) == {Read: 4, Queued: 4, Seen: 3, Unknown: 1}
    first = events[0]
    assert (first.reading.text, first.at, first.frame) == (A, NOON, "frame 0")


def test_a_scan_is_on_the_disk_before_it_is_told(spool):
    kept = []

    def look(event):
        if isinstance(event, Read):
            kept.append(spool.counts().waiting)

    run(Show((0, A), (1, B)), spool, None, on_event=look)

    assert kept == [1, 2]


def test_answers_come_while_the_reading_goes_on(spool, server):
    events = []
    answered = until(lambda: spool.counts().settled)

    run(Show((0, A), answered, (1,), (2, B)), spool, sender(server), on_event=events.append)

    order = [(type(event), event.scan.seq) for event in events if isinstance(event, Seen | Queued)]
    assert order == [(Queued, 1), (Seen, 1), (Queued, 2), (Seen, 2)]


def test_a_dead_server_stops_nobody_and_loses_nothing(spool):
    with TallyServer() as server:
        dead = sender(server)
    events = []

    summary = run(Show((0, A), (1, B)), spool, dead, on_event=events.append)

    assert summary == Summary(frames=2, read=2, sent=0, waiting=2)
    assert kinds(events)[Offline] >= 1
    assert events[-1].retry_in_s is None


def test_the_next_run_brings_what_waited_before_it_reads_anything(spool, server):
    run(Show((0, A)), spool, None)
    settled = until(lambda: spool.counts().settled)

    summary = run(Show(settled), spool, sender(server))

    assert summary == Summary(sent=1)
    assert server.payloads == [A]


def test_a_server_that_comes_back_gets_everything_during_the_run(spool, server):
    server.behaviours = [answers(503, b""), dies_before_it_replies, answers(500, b"")]
    settled = until(lambda: spool.counts().settled == 2)
    events = []

    summary = run(
        Show((0, A), (1, B), settled, (9, A)),
        spool,
        sender(server),
        on_event=events.append,
        backoff=Backoff(**HASTE),
    )

    assert (summary.sent, summary.waiting) == (3, 0)
    assert server.payloads == [A, B, A]
    assert kinds(events)[Offline] == 3
    assert kinds(events)[Again] >= 1


def test_after_a_success_the_waiting_begins_anew(spool, server):
    busy = answers(503, b"")
    server.behaviours = [busy, busy]
    first, both = (until(lambda n=n: spool.counts().settled == n) for n in (1, 2))
    events = []

    run(
        Show((0, A), first, lambda: server.behaviours.append(busy), (1, B), both),
        spool,
        sender(server),
        on_event=events.append,
        backoff=Backoff(first_s=0.01, longest_s=1.0, draw=lambda: 1.0),
    )

    waits = [event.retry_in_s for event in events if isinstance(event, Offline)]
    assert waits == [0.01, 0.02, 0.01]


def test_new_scans_do_not_hammer_a_dead_server(spool, server):
    server.behaviours = [answers(503, b"")] * 50
    tried = until(lambda: server.batches)

    run(
        Show((0, A), tried, *((i, A) for i in range(10, 90, 10))),
        spool,
        sender(server),
        backoff=Backoff(first_s=30.0),
    )

    assert len(server.batches) <= 3


def test_the_end_does_not_wait_for_the_next_try(spool, server):
    server.behaviours = [answers(503, b"")]
    tried = until(lambda: server.batches)
    begun = time.monotonic()

    summary = run(Show((0, A), tried), spool, sender(server), backoff=Backoff(first_s=30.0))

    assert time.monotonic() - begun < 5
    assert summary == Summary(frames=1, read=1, sent=1)


def test_a_refused_token_stops_the_sending_and_not_the_reading(spool, server):
    server.behaviours = [answers(401, {"detail": "ended"})] * 9
    told = until(lambda: server.batches)
    events = []

    summary = run(Show((0, A), told, (1, B)), spool, sender(server), on_event=events.append)

    assert summary == Summary(frames=2, read=2, waiting=2)
    assert [event for event in events if isinstance(event, NotAllowed)] == [
        NotAllowed(401, "ended")
    ]
    assert len(server.batches) == 1


def test_a_scan_that_the_server_will_not_take_is_a_dead_letter(spool, server):
    server.poison = {B}
    events = []

    summary = run(Show((0, A, B)), spool, sender(server), on_event=events.append)

    assert summary == Summary(frames=1, read=2, sent=1, refused=1)
    assert [event.scan.payload for event in events if isinstance(event, Refused)] == [B]


def test_without_a_spool_codes_are_only_told():
    events = []

    summary = run(Show((0, A), (1, A)), None, None, on_event=events.append)

    assert summary == Summary(frames=2, read=1)
    assert kinds(events) == {Read: 1}


def test_a_sender_needs_a_spool(server):
    with pytest.raises(ValueError, match="spool"):
        run(Show(), None, sender(server))


@pytest.mark.parametrize("lost", [ReaderLost("show", "unplugged"), RuntimeError("a defect")])
def test_what_was_read_before_the_camera_went_is_sent(spool, server, lost):
    with pytest.raises(type(lost)):
        run(Show((0, A), ends_with=lost), spool, sender(server))

    assert server.payloads == [A]
    assert spool.counts() == Counts(settled=1)


def test_control_c_ends_in_order(spool, server):
    summary = run(Show((0, A), ends_with=KeyboardInterrupt()), spool, sender(server))

    assert summary == Summary(frames=1, read=1, sent=1)


def test_a_source_that_is_not_there_is_said(spool, tmp_path):
    with pytest.raises(ReaderUnavailable):
        run(ImageFolder(tmp_path / "gone"), spool, None)


def test_a_folder_of_stills(spool, tmp_path, server):
    """The same label in two pictures was seen twice; twice in one picture, once."""
    cv2.imwrite(str(tmp_path / "1.png"), np.hstack([qr(A), qr(A)]))
    cv2.imwrite(str(tmp_path / "2.png"), np.hstack([qr(A), qr("柜卡")]))
    (tmp_path / "3.png").write_bytes(b"damaged")
    events = []

    summary = run(ImageFolder(tmp_path), spool, sender(server), on_event=events.append)

    assert summary == Summary(frames=2, skipped=1, read=3, sent=3)
    assert server.payloads == [A, A, "柜卡"]
    assert {scan["medium"] for scan in server.kept.values()} == {"image"}
    assert [event.name for event in events if isinstance(event, Skipped)] == ["3.png"]


def test_a_recording(spool, tmp_path):
    label = with_margin(qr(A, module_px=5), 20)
    blank = np.full_like(label, 230)
    film = [blank] * 3 + [label] * 5 + [blank] * 25 + [label] * 2

    with_label = record(tmp_path / "walk.avi", film)
    summary = run(VideoFile(with_label, began_at=NOON), spool, None)

    assert (summary.frames, summary.read) == (35, 2)
    times = [(waiting.scan.at - NOON).total_seconds() for waiting in spool.pending()]
    assert times == pytest.approx([0.3, 3.3])


def test_a_sender_of_another_kind_will_do(spool):
    """Whoever keeps the promise of a sender can be one."""

    class Nobody:
        def send(self, batch):
            raise ServerUnavailable("nobody", "there is nobody")

    assert run(Show((0, A)), spool, Nobody()).waiting == 1
