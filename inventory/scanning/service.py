"""This module is about taking scans in: what each points at, its task, one durable write.

A scan is not an event: it is kept whatever it says, once for each device and sequence number,
and its answer is kept with it. Tasks (counting, later lending and claiming) are declared here
and offered by the capabilities above, so that intake never looks upward.
"""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

import structlog
from sqlalchemy import Connection

from inventory.db import tell_schools
from inventory.journal.rules import BUREAU
from inventory.register.rules import Number, is_code
from inventory.scanning import store
from inventory.scanning.rules import (
    LONGEST,
    Code,
    Meaning,
    Unreadable,
    meanings,
    name_of,
    value_of,
)
from inventory.scanning.store import Key, Target
from inventory.scope import Actor, Permission

MOST_SCANS = 1_000
MEDIA = ("camera", "image", "wedge", "typed", "nfc", "uhf", "api")
TOUCHLESS = frozenset({"typed", "api"})
"""Media that do not prove that a label is on its thing."""
as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A scan as it arrives. `at` is the device's clock."""

    device: str
    seq: int
    at: datetime
    payload: str
    medium: str = "api"
    task: str | None = None
    place: str | None = None
    reads: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """The scans that one client sends at once, and who sends them."""

    by: Actor
    received_at: datetime
    scans: tuple[Incoming, ...]

    @property
    def owner(self) -> str:
        return self.by.school_id or BUREAU


@dataclass(frozen=True, slots=True)
class Sealed:
    """Scans with the token they came with; who that is, is found out where they are written."""

    token: str
    received_at: datetime
    scans: tuple[Incoming, ...]


Answers = list[dict[str, Any]]
FindActors = Callable[[Connection, Collection[str]], dict[str, Actor]]
"""Who the tokens speak for that stand; others are left out."""


@dataclass(slots=True)
class Taken:
    """A scan being taken in: what it means, what it points at, and what its task said."""

    by: Actor
    owner: str
    received_at: datetime
    scan: Incoming
    meanings: tuple[Meaning, ...]
    targets: list[Target] = field(default_factory=list)
    task_answer: dict[str, Any] | None = None

    @property
    def target(self) -> Target | None:
        """What it points at, when that is one thing; an ambiguous scan is never guessed."""
        return self.targets[0] if len(self.targets) == 1 else None

    @property
    def key(self) -> Key:
        return self.owner, self.scan.device, self.scan.seq


class Task(Protocol):
    """What can be done with scans: each capability that offers one is asked with every batch."""

    def take(self, connection: Connection, taken: Sequence[Taken]) -> None:
        """Write what the scans mean for the task and set `task_answer` of those that are its."""


def take_in_all(
    connection: Connection,
    submissions: Sequence[Submission | Sealed],
    tasks: Sequence[Task],
    find_actors: FindActors,
) -> list[Answers]:
    """
    Write what is sent and return the answers of each; none at all for whose token may not scan.

    All tokens of a shared commit are looked up with one statement, in the transaction that
    writes: a token that was revoked before writes nothing.
    """
    tokens = {one.token for one in submissions if isinstance(one, Sealed)}
    if tokens:
        tell_schools(connection, None)  # nobody's schools are known before the token is
    actors = find_actors(connection, tokens) if tokens else {}
    opened = [_opened(one, actors) for one in submissions]
    tell_schools(connection, _in_sight_of(opened))
    answers = iter(take_in(connection, [one for one in opened if one is not None], tasks))
    return [next(answers) if one is not None else [] for one in opened]


def _in_sight_of(submissions: Iterable[Submission | None]) -> frozenset[str] | None:
    """The schools of all who send together: on PostgreSQL that is one, on SQLite a hundred."""
    schools = [one.by.schools for one in submissions if one is not None]
    together = [seen for seen in schools if seen is not None]
    return frozenset().union(*together) if len(together) == len(schools) else None


def _opened(one: Submission | Sealed, actors: dict[str, Actor]) -> Submission | None:
    if isinstance(one, Submission):
        return one
    by = actors.get(one.token)
    if by is None or not by.may(Permission.SCAN):
        return None
    return Submission(by, one.received_at, one.scans)


def take_in(
    connection: Connection, submissions: Sequence[Submission], tasks: Sequence[Task]
) -> list[Answers]:
    """
    Write submissions and return the answers of each, in the order of its scans.

    A scan that was there already is answered `again` with the answer it was given first.
    """
    first: dict[Key, Taken] = {}
    for submission in submissions:
        for scan in submission.scans:
            key = (submission.owner, scan.device, scan.seq)
            if key not in first:
                first[key] = Taken(
                    submission.by, submission.owner, submission.received_at, scan,
                    _meanings(scan.payload),
                )  # fmt: skip
    known = _known(connection, first)
    new = [taken for key, taken in first.items() if key not in known]
    _look_up(connection, new)
    for task in tasks:
        task.take(connection, [taken for taken in new if taken.scan.task])
    fresh = {taken.key: _answer(taken) for taken in new}
    store.keep(connection, [_row(taken, fresh[taken.key]) for taken in new])
    _note_affixed(connection, new)
    return [_answers(submission, known, fresh) for submission in submissions]


def _meanings(text: str) -> tuple[Meaning, ...]:
    """What a payload can mean; a code just as labels carry it, which most are, nothing else."""
    return (Code(text),) if is_code(text) else meanings(text)


def _known(connection: Connection, keys: Collection[Key]) -> dict[Key, dict[str, Any]]:
    store.lock_devices(connection, ((owner, device) for owner, device, _ in keys))
    return store.answers(connection, keys)


def _look_up(connection: Connection, new: Sequence[Taken]) -> None:
    codes = {m.code for taken in new for m in taken.meanings if isinstance(m, Code)}
    by_code = store.by_code(connection, codes, None) if codes else {}
    numbers = {m for taken in new for m in taken.meanings if isinstance(m, Number)}
    by_number = store.by_number(connection, numbers, None)
    values = {
        one for taken in new if _asks_tags(taken.meanings, by_code)
        for one in _carried(taken.meanings)
    }  # fmt: skip
    by_tag = store.by_tag(connection, values, None) if values else {}
    by_code = store.joined(connection, by_code, None)
    for taken in new:
        found = _pointed_at(taken.meanings, by_code, by_number, by_tag)
        taken.targets = _in_sight(taken, found)
        if not taken.targets:
            taken.targets = _passed_on(connection, taken.by, taken.meanings)


def _passed_on(connection: Connection, by: Actor, candidates: Iterable[Meaning]) -> list[Target]:
    """What a school has sent to another one: its code is not simply unknown there."""
    codes = [one.code for one in candidates if isinstance(one, Code)]
    return store.passed_on(connection, codes, by.schools)


def _asks_tags(candidates: Iterable[Meaning], by_code: dict[str, Target]) -> bool:
    """
    Whether a text may be a carrier's: not when it is one of our codes, which is for life.

    So the scans of labels, which are nearly all, cost nothing more.
    """
    return not any(isinstance(one, Code) and one.code in by_code for one in candidates)


def _carried(candidates: Iterable[Meaning]) -> list[str]:
    """The values under which a carrier may be bound that reads so."""
    return [value_of(one) for one in candidates if not isinstance(one, Unreadable)]


def _pointed_at(
    candidates: Sequence[Meaning],
    by_code: dict[str, Target],
    by_number: dict[Number, list[Target]],
    by_tag: dict[str, list[Target]],
) -> list[Target]:
    found: dict[str, Target] = {}
    asks_tags = by_tag and _asks_tags(candidates, by_code)
    for meaning in candidates:
        if isinstance(meaning, Code) and meaning.code in by_code:
            found[meaning.code] = by_code[meaning.code]
        elif isinstance(meaning, Number):
            found |= {one.code: one for one in by_number.get(meaning, [])}
        if asks_tags and not isinstance(meaning, Unreadable):
            found |= {one.code: one for one in by_tag.get(value_of(meaning), [])}
    return list(found.values())


def _in_sight(taken: Taken, found: list[Target]) -> list[Target]:
    """What is out of scope is not found; that somebody asked is logged."""
    seen = [one for one in found if store.in_scope(one.school_id, taken.by.schools)]
    if len(seen) < len(found):
        log.warning("out_of_scope", actor=taken.by.id, device=taken.scan.device)
    return seen


def resolve(
    connection: Connection, by: Actor, text: str
) -> tuple[tuple[Meaning, ...], list[Target]]:
    """Return what a text can mean and what of it there is, in the schools in sight."""
    candidates = meanings(text)
    codes = [m.code for m in candidates if isinstance(m, Code)]
    numbers = [m for m in candidates if isinstance(m, Number)]
    by_code = store.by_code(connection, codes, None) if codes else {}
    by_number = store.by_number(connection, numbers, None)
    values = _carried(candidates) if _asks_tags(candidates, by_code) else []
    by_tag = store.by_tag(connection, values, None) if values else {}
    by_code = store.joined(connection, by_code, None)
    found = _pointed_at(candidates, by_code, by_number, by_tag)
    seen = [one for one in found if store.in_scope(one.school_id, by.schools)]
    if len(seen) < len(found):
        log.warning("out_of_scope", actor=by.id)
    seen = seen or _passed_on(connection, by, candidates)
    return candidates, [_named(connection, by, one) for one in seen]


def _named(connection: Connection, by: Actor, target: Target) -> Target:
    """A person's badge with their name, which is looked up now and kept in no scan."""
    if target.type != "person":
        return target
    return replace(target, name=store.person_name(connection, target.code, by.schools))


def resolution_json(
    text: str, candidates: Sequence[Meaning], targets: Sequence[Target]
) -> dict[str, Any]:
    """The meaning of a text for programs."""
    return {
        "text": text,
        "outcome": ("unknown", "seen", "ambiguous")[min(len(targets), 2)],
        "meanings": [{"meaning": name_of(one), "value": value_of(one)} for one in candidates],
        "target": targets[0].as_json() if len(targets) == 1 else None,
        "targets": [one.as_json() for one in targets],
    }


def _answer(taken: Taken) -> dict[str, Any]:
    target = taken.target
    answer: dict[str, Any] = {
        "outcome": "seen" if target else "unknown",
        "meaning": name_of(taken.meanings[0]),
        "target": target.as_json() if target else None,
    }
    if target is None:
        answer["reason"] = _why_unknown(taken)
    if taken.scan.task:
        answer["task"] = taken.task_answer or {"id": taken.scan.task, "outcome": "no_such_task"}
    return answer


def _why_unknown(taken: Taken) -> str:
    """Why nothing is pointed at: ambiguous, a wrong check, not minted here, or simply unknown."""
    if len(taken.targets) > 1:
        return "ambiguous"
    for meaning in taken.meanings:
        if isinstance(meaning, Unreadable):
            return meaning.reason
    return "no_such_code" if isinstance(taken.meanings[0], Code) else "not_bound"


def _row(taken: Taken, answer: dict[str, Any]) -> dict[str, Any]:
    scan, target = taken.scan, taken.target
    return {
        "owner": taken.owner,
        "device": scan.device,
        "seq": scan.seq,
        "school_id": target.school_id if target else None,
        "person_id": taken.by.id,
        "at": scan.at,
        "received_at": taken.received_at,
        "payload": scan.payload[:LONGEST],
        "medium": scan.medium,
        "task": scan.task,
        "place": scan.place,
        "reads": scan.reads,
        "outcome": answer["outcome"],
        "target": target.code if target else None,
        "answer": as_json(answer),
    }


def _note_affixed(connection: Connection, new: Sequence[Taken]) -> None:
    by_time: dict[datetime, list[str]] = {}
    for taken in new:
        target = taken.target
        if target is not None and target.to_affix and taken.scan.medium not in TOUCHLESS:
            by_time.setdefault(taken.received_at, []).append(target.code)
    for received_at in sorted(by_time):
        store.note_affixed(connection, by_time[received_at], received_at)


def _answers(
    submission: Submission,
    known: dict[Key, dict[str, Any]],
    fresh: dict[Key, dict[str, Any]],
) -> list[dict[str, Any]]:
    answered: list[dict[str, Any]] = []
    for scan in submission.scans:
        key = (submission.owner, scan.device, scan.seq)
        head = {"device": scan.device, "seq": scan.seq}
        if key in known:
            answered.append(head | known[key] | _again(known[key]))
        else:
            answered.append(head | fresh[key])
            known[key] = fresh[key]  # a repeat inside the same commit is a repeat too
    return answered


def _again(stored: dict[str, Any]) -> dict[str, Any]:
    return {"outcome": "again", "stored": stored["outcome"]}
