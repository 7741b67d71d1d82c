"""This module is about the demonstration district: the same every time, scaled by its options."""

import random
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from inventory.commands.edge import as_json, emit, with_application
from inventory.errors import InUse, NoDemonstration, NotEmpty

OPENED = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
"""The day on which the demonstration begins; a fixed one, so that it is always the same."""
PASSWORD = "guiliyoushu"  # noqa: S105 - known to everybody
STORY = Path(__file__).with_name("demo.toml")
SCHOOLS = 3
THINGS = 900
SEED = 2026
SLICE = 60
SHELVES = 4


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a school's stock in the story: a kind, how many, on which shelf."""

    kind: dict[str, Any]
    subject: str
    quantity: int
    price_cents: int
    is_item: bool


@click.command()
@click.option(
    "--schools", "school_count", default=SCHOOLS, show_default=True, type=click.IntRange(1, 500)
)
@click.option("--things", default=THINGS, show_default=True, type=click.IntRange(1, 2_000_000),
              help="Things in the whole district, about.")  # fmt: skip
@click.option("--seed", default=SEED, show_default=True)
@click.option("--discard", is_flag=True, help="Throw the demonstration away.")
@click.option("--yes", is_flag=True, help="With --discard: do not ask.")
@as_json
@with_application
def demo(school_count: int, things: int, seed: int, discard: bool, yes: bool, json_: bool) -> None:
    """
    Load the demonstration district, the same every time, and print its accounts.

    It is for an empty database: real data and the demonstration never mix. --discard empties a
    database that holds it, and no other; the server must be stopped.

    \b
    $ tallycard demo
    $ tallycard demo --schools 20 --things 100000 --seed 7
    $ tallycard demo --discard
    """
    from inventory.db import db
    from inventory.identity.queries import anybody
    from inventory.places.queries import schools

    if discard:
        _discard(yes, json_)
        return
    if schools(db.session()) or anybody(db.session()):
        raise NotEmpty
    load_district(school_count, things, seed)
    for account in accounts(school_count):
        if json_:
            emit(account)
        else:
            click.echo("{login:11} {password:12} {role:18} {name} {school}".format(**account))


def _discard(yes: bool, json_: bool) -> None:
    """
    Empty the database that holds the demonstration, while no server runs on it.

    Raises:
        NoDemonstration: it holds something else.
        SecondServer, InUse: a server runs on it.
    """
    from flask import current_app
    from flask_babel import gettext

    from inventory.backups import record
    from inventory.db import db, only_server, transact
    from inventory.identity.queries import holds_demonstration
    from inventory.staff.edge import forget_setup_code
    from inventory.staff.store import empty_every_table, others_connected
    from inventory.web.context import CONFIG

    if not holds_demonstration(db.session()):
        raise NoDemonstration
    if not yes:
        click.confirm(gettext("Throw the demonstration and all that is in it away?"), abort=True)

    def empty(session: Any) -> None:
        if not holds_demonstration(session):
            raise NoDemonstration
        others = others_connected(session.connection())
        if others:
            raise InUse(what="database", reason="", count=others)
        empty_every_table(session.connection())

    config = current_app.extensions[CONFIG]
    with only_server(config):
        transact(empty)
    forget_setup_code(config)
    (config.data / "station.token").unlink(missing_ok=True)
    record.change(config.data, is_demonstration=False)
    if json_:
        emit({"discarded": True})
    else:
        click.echo(gettext("Thrown away. The database is empty: “tallycard setup” begins anew."))


def load_district(school_count: int = SCHOOLS, things: int = THINGS, seed: int = SEED) -> None:
    """Load the district into an empty database."""
    story = _story()
    chance = random.Random(seed)  # noqa: S311 - a story, not a secret
    chosen = list(_schools(story, school_count))
    _load_people(story, chosen, of_bureau=True)  # from the first moment it is known as what it is
    for number, name, stage in chosen:
        _load_school(story, chance, number, name, stage, max(1, things // school_count))
    _load_people(story, chosen, of_bureau=False)
    mark_demonstration()


def mark_demonstration() -> None:
    """Remember that this is the demonstration, which nobody needs to back up."""
    from inventory.backups import record
    from inventory.web.context import settings

    record.change(settings().data, is_demonstration=True)


def is_loaded(session: Any) -> bool:
    """Whether the people of the demonstration are there."""
    from sqlalchemy import select

    from inventory.identity.models import Person

    logins = [login for login, *_ in _story()["people"]]
    found = session.scalars(select(Person.login).where(Person.login.in_(logins)))
    return len(set(found)) == len(logins)


def accounts(school_count: int = SCHOOLS) -> Iterator[dict[str, str]]:
    """Return how to sign in to the demonstration."""
    story = _story()
    chosen = list(_schools(story, school_count))
    for login, name, role, index in story["people"]:
        number, school, _ = chosen[index % len(chosen)] if index >= 0 else ("", "", "")
        yield {
            "login": login, "password": PASSWORD, "role": role, "name": name, "school": school,
            "school_id": number,
        }  # fmt: skip


def _story() -> dict[str, Any]:
    return tomllib.loads(STORY.read_text(encoding="utf-8"))


def _schools(story: dict[str, Any], count: int) -> Iterator[tuple[str, str, str]]:
    named = story["schools"]
    for index in range(count):
        one = named[index % len(named)]
        turn = index // len(named)
        number = str(int(one["number"]) + 100 * turn)
        name = one["name"] if not turn else f"{one['name']}（{turn + 1}）"
        yield number, name, one["stage"]


def _load_school(
    story: dict[str, Any], chance: random.Random, number: str, name: str, stage: str, things: int
) -> None:
    from inventory.db import transact
    from inventory.ledger.rules import DocumentType
    from inventory.ledger.service import post_document
    from inventory.places.service import open_school
    from inventory.scope import OPERATOR

    def begin(session: Any) -> Any:
        open_school(
            session, OPERATOR, number=number, name=name, stage=stage, is_demonstration=True,
            at=OPENED,
        )  # fmt: skip
        return post_document(
            session, OPERATOR, type=DocumentType.OPENING, title="期初建账", school_id=number,
            at=OPENED,
        )  # fmt: skip

    document = transact(begin)
    lines = list(_stock(story, chance, stage, things))
    rooms = {line.subject: line for line in lines}
    shelves = {subject: _room(story, number, subject, lines) for subject in rooms}
    _register(number, document, lines, shelves)


def _stock(story: dict[str, Any], chance: random.Random, stage: str, things: int) -> Iterator[Line]:
    """Lines until so many things are reached; after the story's kinds come variants of them."""
    subjects = story["stages"][stage]
    made, turn = 0, 0
    while made < things:
        for subject in subjects:
            for kind in story["kinds"][subject]:
                line = _line(chance, kind, subject, turn)
                made += line.quantity if line.is_item else 1
                yield line
                if made >= things:
                    return
        turn += 1


def _line(chance: random.Random, kind: dict[str, Any], subject: str, turn: int) -> Line:
    code, name, specification, unit, yuan, most = kind
    low = max(1, int(most) // 2)
    price = round(float(yuan) * 100 * chance.uniform(0.9, 1.15))
    variant = specification if not turn else f"{specification} {turn + 1}型".strip()
    is_item = price >= 50_000
    quantity = chance.randint(1, max(1, int(most))) if is_item else chance.randint(low, int(most))
    return Line(
        {"code": code, "name": name, "specification": variant, "unit": unit,
         "class": _class(str(code))},
        subject, quantity, price, is_item,
    )  # fmt: skip


CLASSES = {
    "0": "通用仪器", "1": "计量仪器", "2": "专用仪器", "3": "模型", "4": "标本", "5": "挂图",
    "6": "玻璃仪器", "7": "药品", "8": "材料工具",
}  # fmt: skip


def _class(code: str) -> str:
    return CLASSES.get(code[0], "其他")


def _room(
    story: dict[str, Any], number: str, subject: str, lines: list[Line]
) -> list[tuple[str, str]]:
    """Set up a room with enough cabinets for its lines; return (shelf id, keeper) in order."""
    from inventory.db import transact
    from inventory.identity.service import keepers_named
    from inventory.places.models import Sort
    from inventory.register.service import NewPlace, set_up_places
    from inventory.scope import OPERATOR

    short, name, keeper = story["rooms"][subject]
    own = [line for line in lines if line.subject == subject]
    cabinets = max(1, -(-len(own) // (SHELVES * 5)))

    def set_up(session: Any) -> list[tuple[str, str]]:
        keeper_id = keepers_named(session, OPERATOR, [keeper], number, OPENED)[keeper]
        [room] = set_up_places(
            session, OPERATOR, [NewPlace(Sort.ROOM, short, name, None, keeper_id)],
            school_id=number, at=OPENED,
        )  # fmt: skip
        stands = []
        for n in range(1, cabinets + 1):
            per_cabinet = own[(n - 1) * SHELVES * 5 : n * SHELVES * 5]
            title = per_cabinet[0].kind["class"] if per_cabinet else ""
            [cabinet] = set_up_places(
                session, OPERATOR,
                [NewPlace(Sort.CABINET, f"{n:02d}", title, room, keeper_id)],
                school_id=number, at=OPENED,
            )  # fmt: skip
            shelves = [NewPlace(Sort.SHELF, str(m), "", cabinet) for m in range(1, SHELVES + 1)]
            stands += [
                (shelf.id, keeper_id)
                for shelf in set_up_places(session, OPERATOR, shelves, school_id=number, at=OPENED)
            ]
        return stands

    return transact(set_up)


def _register(
    number: str, document: Any, lines: list[Line], shelves: dict[str, list[tuple[str, str]]]
) -> None:
    from inventory.db import transact

    placed: dict[str, int] = dict.fromkeys(shelves, 0)
    stood = []
    for line in lines:
        stands = shelves[line.subject]
        index = placed[line.subject] // 5 % len(stands)
        placed[line.subject] += 1
        stood.append((line, *stands[index]))
    for start in range(0, len(stood), SLICE):
        part = stood[start : start + SLICE]
        transact(partial(_write, number=number, document=document, part=part))


def _write(session: Any, number: str, document: Any, part: list[Any]) -> None:
    from inventory.catalogue.rules import ManagedAs
    from inventory.catalogue.service import KindKey, define_kind, kinds_like
    from inventory.ledger.service import post_line
    from inventory.register.service import NewThing, register_things
    from inventory.scope import OPERATOR

    def key_of(line: Line) -> KindKey:
        kind = line.kind
        return KindKey(
            line.subject, kind["code"], kind["name"], kind["specification"], kind["unit"]
        )

    kinds = kinds_like(session, number, [key_of(line) for line, _, _ in part])
    new = []
    for line, shelf, keeper in part:
        form = ManagedAs.ITEM if line.is_item else ManagedAs.BATCH
        key = key_of(line)
        if key not in kinds:
            kinds[key] = define_kind(
                session, OPERATOR, key, school_id=number,
                equipment_class=line.kind["class"], managed_as=form, required=line.quantity,
                at=OPENED,
            )  # fmt: skip
        post_line(
            session, OPERATOR, document=document, kind_id=kinds[key].id, quantity=line.quantity,
            unit_price_cents=line.price_cents, on="2025-09-01", voucher="记202509-001", at=OPENED,
        )  # fmt: skip
        thing = NewThing(
            kinds[key], form, 1 if line.is_item else line.quantity, shelf, keeper,
            line.price_cents, "2025-09-01", "记202509-001",
        )  # fmt: skip
        new.extend([thing] * (line.quantity if line.is_item else 1))
    register_things(session, OPERATOR, new, school_id=number, at=OPENED)


def _load_people(
    story: dict[str, Any], schools: list[tuple[str, str, str]], *, of_bureau: bool
) -> None:
    from inventory.db import transact
    from inventory.identity.service import add_person
    from inventory.scope import OPERATOR, Role

    def add_all(session: Any) -> None:
        for login, name, role, index in story["people"]:
            if (index < 0) != of_bureau:
                continue
            number = None if index < 0 else schools[index % len(schools)][0]
            add_person(
                session, OPERATOR, name=name, login=login, password=PASSWORD, role=Role(role),
                school_id=number, is_demonstration=True, at=OPENED,
            )  # fmt: skip

    transact(add_all)
