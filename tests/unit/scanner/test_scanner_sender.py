"""Scans reach the server once, and only what it answers for counts as delivered."""

import socket
import threading
import time
from datetime import UTC, datetime

import pytest
from scanner_server import TOKEN, TallyServer, answers, dies_before_it_replies, results

from scanner import (
    Backoff,
    BatchRefused,
    Counts,
    Delivery,
    HttpSender,
    Medium,
    NotAllowed,
    ServerUnavailable,
    Spool,
)
from scanner.events import Again, Answered, Refused, Seen, Unknown
from scanner.transport import is_loopback

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def server():
    with TallyServer() as server:
        yield server


@pytest.fixture
def spool(tmp_path):
    with Spool(tmp_path / "spool.db", device="d1") as spool:
        yield spool


@pytest.fixture
def sender(server):
    return HttpSender(server.url, TOKEN, 5.0)


def put(spool, *payloads, task=None):
    return spool.put_all(payloads, Medium.CAMERA, NOON, task)


def deliver(spool, sender):
    events = []
    Delivery(spool, sender, events.append).run()
    return events


def test_the_request_is_as_agreed(server, spool, sender):
    put(spool, "20000000194", task="count-7")

    sender.send(spool.pending())

    assert server.paths == ["/api/v1/scans"]
    assert server.authorizations == [f"Bearer {TOKEN}"]
    assert server.batches == [
        [
            {
                "device": "d1",
                "seq": 1,
                "at": "2026-03-02T12:00:00.000000Z",
                "payload": "20000000194",
                "medium": "camera",
                "task": "count-7",
            }
        ]
    ]


def test_answers_become_events_and_are_kept(server, spool, sender):
    one, other = put(spool, "20000000194", "柜卡", task="t")

    events = deliver(spool, sender)

    assert events == [
        Seen(one, "seen", {"code": "20000000194"}, {"id": "t"}),
        Unknown(other, "unknown", None, {"id": "t"}),
    ]
    assert spool.counts() == Counts(settled=2)
    assert spool.outcome(1)["target"] == {"code": "20000000194"}


def test_many_scans_go_in_batches_of_two_hundred(server, spool, sender):
    put(spool, *(f"2{i}" for i in range(450)))

    deliver(spool, sender)

    assert [len(batch) for batch in server.batches] == [200, 200, 50]
    assert server.payloads == [f"2{i}" for i in range(450)]


def test_a_server_that_dies_before_it_replies_has_each_scan_once(server, spool, sender):
    scans = put(spool, "21", "22")
    server.behaviours = [dies_before_it_replies]

    with pytest.raises(ServerUnavailable):
        deliver(spool, sender)
    assert spool.counts() == Counts(waiting=2)
    events = deliver(spool, sender)

    assert events == [Again(scan, "again", None, None) for scan in scans]
    assert len(server.batches) == 2
    assert server.payloads == ["21", "22"]
    assert spool.counts() == Counts(settled=2)


def test_only_what_was_answered_for_is_settled(server, spool, sender):
    put(spool, "21", "22", "23", "24", "25")

    def answers_for_some(request, scans):
        told = results(request, scans)["results"]
        told[1]["device"] = "another"
        told[2]["seq"] = 99
        del told[3]["outcome"]
        told[0]["seq"] = True
        request.reply(200, {"results": [*told, None, 7, {}]})

    server.behaviours = [answers_for_some]
    with pytest.raises(ServerUnavailable, match="no answer for 4"):
        deliver(spool, sender)

    assert [waiting.scan.payload for waiting in spool.pending()] == ["21", "22", "23", "24"]


def test_one_that_is_never_answered_for_does_not_block_the_rest(server, spool, sender):
    put(spool, *(f"2{i}" for i in range(201)))
    server.behaviours = [answers(200, {"results": []})]

    with pytest.raises(ServerUnavailable):
        deliver(spool, sender)

    assert spool.counts() == Counts(waiting=200, settled=1)


def test_a_word_from_the_future_settles_too(server, spool, sender):
    [scan] = put(spool, "21")
    told = {"device": "d1", "seq": 1, "outcome": "parked"}
    server.behaviours = [answers(200, {"results": [told]})]

    assert deliver(spool, sender) == [Answered(scan, "parked", None, None)]


@pytest.mark.parametrize(
    "behaviour",
    [
        answers(500, b"oops"),
        answers(503, {"title": "busy"}),
        answers(404, b"<h1>not here</h1>"),
        answers(200, b"<html>please sign in to the school's network</html>"),
        answers(200, b"[]"),
        answers(200, {"results": {}}),
        answers(200, b"\xff\xfe"),
        answers(204, b""),
        answers(301, b"", ("Location", "https://elsewhere.example/api/v1/scans")),
    ],
    ids=["500", "503", "404", "portal", "list", "object", "bytes", "nothing", "301"],
)
def test_what_is_no_answer_keeps_everything(server, spool, sender, behaviour):
    put(spool, "21")
    server.behaviours = [behaviour]

    with pytest.raises(ServerUnavailable) as caught:
        deliver(spool, sender)

    assert caught.value.server == server.url
    assert caught.value.reason
    assert spool.counts() == Counts(waiting=1)


def test_the_server_may_say_when_to_come_back(server, spool, sender):
    put(spool, "21")
    server.behaviours = [answers(429, {}, ("Retry-After", "7"))]

    with pytest.raises(ServerUnavailable) as caught:
        deliver(spool, sender)

    assert caught.value.retry_after_s == 7.0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_token_goes_to_no_other_server(server, spool, sender, status):
    put(spool, "21")
    with TallyServer() as other:
        server.behaviours = [answers(status, b"", ("Location", f"{other.url}/api/v1/scans"))]

        with pytest.raises(ServerUnavailable, match=other.url):
            deliver(spool, sender)

        assert other.authorizations == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_keeps_everything(server, spool, sender, status):
    put(spool, "21", "22")
    server.behaviours = [answers(status, {"detail": "this token has ended"})]

    with pytest.raises(NotAllowed) as caught:
        deliver(spool, sender)

    assert (caught.value.status, caught.value.reason) == (status, "this token has ended")
    assert spool.counts() == Counts(waiting=2)


def test_named_scans_are_put_aside_and_the_rest_is_sent(server, spool, sender):
    scans = put(spool, "21", "22", "23")
    named = {"pointer": "#/scans/1/payload", "detail": "too long"}
    server.behaviours = [answers(422, {"title": "no", "errors": [named, {"pointer": "#/x"}, 3]})]

    events = deliver(spool, sender)

    assert events[0] == Refused(scans[1], "too long")
    assert server.payloads == ["21", "23"]
    assert spool.counts() == Counts(settled=2, refused=1)
    assert len(server.batches) == 2


@pytest.mark.parametrize("bad", [{"257"}, {"20", "2149", "2299"}])
def test_a_server_that_names_nobody_loses_only_the_culprits(server, spool, sender, bad):
    payloads = [f"2{i}" for i in range(300)]
    put(spool, *payloads)
    server.poison = bad

    deliver(spool, sender)

    assert {dead.scan.payload for dead in spool.refused()} == bad
    assert {dead.reason for dead in spool.refused()} == {"a payload is not acceptable"}
    assert sorted(server.payloads) == sorted(set(payloads) - bad)
    assert len(server.batches) <= 2 + 18 * len(bad)


@pytest.mark.parametrize("status", [400, 409, 413, 422])
def test_refusals_end(server, spool, sender, status):
    put(spool, "21", "22")
    server.behaviours = [answers(status, b"no")] * 3

    deliver(spool, sender)

    assert spool.counts() == Counts(refused=2)
    assert [dead.reason for dead in spool.refused()] == [f"HTTP status {status}"] * 2


def test_the_refusal_holds_what_the_server_said(server, spool, sender):
    put(spool, "21")
    named = {"pointer": "/scans/0", "detail": "why"}
    server.behaviours = [answers(422, {"detail": "all", "errors": [named]})]

    with pytest.raises(BatchRefused) as caught:
        sender.send(spool.pending())

    refusal = caught.value
    assert (refusal.status, refusal.reason, refusal.reasons) == (422, "all", {0: "why"})


def test_a_silent_server_is_given_up(spool):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        put(spool, "21")
        sender = HttpSender(f"http://127.0.0.1:{silent.getsockname()[1]}", TOKEN, 0.2)
        begun = time.monotonic()

        with pytest.raises(ServerUnavailable, match="timed out"):
            deliver(spool, sender)

        assert time.monotonic() - begun < 10


def test_a_server_that_is_not_there_is_said(spool):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    put(spool, "21")

    with pytest.raises(ServerUnavailable):
        deliver(spool, HttpSender(f"http://127.0.0.1:{port}", TOKEN))


@pytest.mark.parametrize(
    "told",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{", b"220 mail.example ESMTP\r\n", b""],
    ids=["half", "another protocol", "nothing"],
)
def test_a_half_answer_is_none(spool, told):
    def half(listening):
        connection, _ = listening.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(told)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=half, args=(listening,))
        thread.start()
        put(spool, "21")
        sender = HttpSender(f"http://127.0.0.1:{listening.getsockname()[1]}", TOKEN, 5.0)

        with pytest.raises(ServerUnavailable):
            deliver(spool, sender)
        thread.join()

    assert spool.counts() == Counts(waiting=1)


def test_a_proxy_of_the_environment_is_not_asked_for_this_computer(
    server, spool, sender, monkeypatch
):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    put(spool, "21")

    deliver(spool, HttpSender(server.url, TOKEN))

    assert server.payloads == ["21"]


def test_a_proxy_is_asked_for_other_servers(server, spool, monkeypatch):
    """The server stands in for the proxy: a proxy is asked with the whole address."""
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.delenv("no_proxy", raising=False)
    put(spool, "21")

    deliver(spool, HttpSender("http://tally.example", TOKEN))

    assert server.paths == ["http://tally.example/api/v1/scans"]


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("192.168.1.4", False),
        ("tally.example", False),
        ("localhost.example", False),
    ],
)
def test_loopback_is_this_computer_and_no_other(host, ours):
    assert is_loopback(host) == ours


@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("ftp://tally.example", TOKEN),
        ("tally.example", TOKEN),
        ("http://", TOKEN),
        ("http://tally.example", "two words"),
        ("http://tally.example", "line\r\nX-Evil:1"),
        ("http://tally.example", "密"),
    ],
)
def test_addresses_and_tokens_that_cannot_work_are_refused_at_once(url, token):
    with pytest.raises(ValueError, match=r"address|token"):
        HttpSender(url, token)


def test_a_slash_at_the_end_of_the_address_does_not_matter(server, spool):
    put(spool, "21")

    deliver(spool, HttpSender(server.url + "/", TOKEN))

    assert server.paths == ["/api/v1/scans"]


class TestBackoff:
    def test_it_doubles_up_to_the_longest(self):
        backoff = Backoff(first_s=0.5, longest_s=30.0, draw=lambda: 1.0)

        assert [backoff.next_s() for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]

    def test_it_is_drawn_between_half_and_all(self):
        draws = iter([0.0, 0.5])
        backoff = Backoff(first_s=4.0, draw=lambda: next(draws))

        assert [backoff.next_s(), backoff.next_s()] == [2.0, 6.0]

    def test_a_success_begins_anew(self):
        backoff = Backoff(draw=lambda: 1.0)
        backoff.next_s()
        backoff.next_s()
        backoff.reset()

        assert backoff.next_s() == 0.5

    def test_the_server_may_ask_for_more_but_not_for_ever(self):
        backoff = Backoff(draw=lambda: 1.0)

        assert backoff.next_s(at_least_s=7) == 7
        assert backoff.next_s(at_least_s=86_400) == 30
