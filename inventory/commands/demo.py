"""This module is about the demonstration district: the same every time, scaled by its options."""

import random
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import click

from inventory.commands.edge import as_json, emit, with_application
from inventory.commands.story import go_on
from inventory.errors import InUse, NoDemonstration, NotEmpty

OPENED = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
"""The day on which the demonstration begins; a fixed one, so that it is always the same."""
PASSWORD = "guiliyoushu"  # noqa: S105 - known to everybody
STORY = Path(__file__).with_name("demo.toml")
SCHOOLS = 3
THINGS = 900
SEED = 2026
LARGE = 5_000
"""Things of a school from which on there is more of each kind, not more kinds."""
SLICE = 400
CABINETS_SLICE = 100
SHELVES = 4
PURCHASED, VOUCHER = "2025-09-01", "记202509-001"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a school's stock in the story: a kind, how many, on which shelf."""

    kind: dict[str, Any]
    subject: str
    quantity: int
    price_cents: int
    is_item: bool

    @property
    def key(self) -> tuple[str, ...]:
        """What tells its kind from others."""
        kind = self.kind
        return (self.subject, kind["code"], kind["name"], kind["specification"], kind["unit"])


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
    go_on([number for number, _, _ in chosen], OPENED + timedelta(days=9))
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
    _fill(story, chance, number, stage, things, document)


def _lots(things: int) -> int:
    """In how many lots each line of the story stands: very large schools have more of each kind."""
    return max(1, -(-things // LARGE))


def _stock(story: dict[str, Any], chance: random.Random, stage: str, things: int) -> Iterator[Line]:
    """Lines until so many things are reached; after the story's kinds come variants of them."""
    subjects = story["stages"][stage]
    made, turn, lots = 0, 0, _lots(things)
    while made < things:
        for subject in subjects:
            for kind in story["kinds"][subject]:
                line = _line(chance, kind, subject, turn)
                made += lots * (line.quantity if line.is_item else 1)
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


def _fill(
    story: dict[str, Any], chance: random.Random, number: str, stage: str, things: int,
    document: Any,
) -> None:  # fmt: skip
    """Set up rooms and cabinets, then enter what stands in them, a slice at a time."""
    from inventory.commands.filling_store import Filler
    from inventory.db import transact
    from inventory.scope import OPERATOR

    lines, lots = list(_stock(story, chance, stage, things)), _lots(things)
    rooms = {
        subject: transact(partial(_room, story=story, number=number, subject=subject))
        for subject in dict.fromkeys(line.subject for line in lines)
    }
    filler = Filler(OPERATOR, number, OPENED, _known(number))
    shelves = {}
    for subject, (room, keeper) in rooms.items():
        own = [line for line in lines if line.subject == subject]
        a_shelf = 5 if lots == 1 else 15
        cabinets = max(1, -(-len(own) * lots // (SHELVES * a_shelf)))
        ids: list[str] = []
        for start in range(0, cabinets, CABINETS_SLICE):
            some = range(start + 1, min(cabinets, start + CABINETS_SLICE) + 1)
            titles = [_title(own, n, a_shelf) for n in some]
            ids += transact(
                partial(_cabinets, filler=filler, number=number, room=room, keeper=keeper,
                        numbers=list(some), titles=titles)
            )  # fmt: skip
        shelves[subject] = _Stands(ids, keeper, a_shelf)
    kinds = _Kinds()
    portions = [(line, lot) for lot in range(lots) for line in lines]
    is_first = True
    while portions:
        part, portions = portions[:SLICE], portions[SLICE:]
        transact(
            partial(_enter, filler=filler, number=number, document=document, part=part,
                    shelves=shelves, kinds=kinds, lots=lots, last=not portions)
        )  # fmt: skip
        if is_first or not portions:
            transact(_learn_sizes)
        is_first = False


def _learn_sizes(session: Any) -> None:
    """
    Let PostgreSQL look how large its tables are (ANALYZE), which it does by itself too late.

    What it planned while they were empty reads all things of a school to find one: a foreign key
    then costs as many reads as there are things.
    """
    from sqlalchemy import text

    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("ANALYZE"))


def _title(own: list[Line], cabinet: int, a_shelf: int) -> str:
    first = (cabinet - 1) * SHELVES * a_shelf % len(own)
    return str(own[first].kind["class"])


def _known(number: str) -> list[Any]:
    """The places and the document of a school, out of the session that read them."""
    from sqlalchemy import select

    from inventory.db import db
    from inventory.places.models import Place

    session = db.session()
    rows = list(session.scalars(select(Place).where(Place.school_id == number)))
    session.expunge_all()
    return list(rows)


@dataclass(slots=True)
class _Stands:
    """The shelves of a subject, filled one after the other."""

    ids: list[str]
    keeper: str
    a_shelf: int
    placed: int = 0

    def next(self) -> str:
        place = self.ids[self.placed // self.a_shelf % len(self.ids)]
        self.placed += 1
        return place


@dataclass(slots=True)
class _Kinds:
    """The kinds entered so far, and the last running number of each catalogue code."""

    ids: dict[tuple[str, ...], str] = field(default_factory=dict)
    running: dict[str, int] = field(default_factory=dict)

    def number(self, catalogue: str) -> int:
        self.running[catalogue] = self.running.get(catalogue, 0) + 1
        return self.running[catalogue]


def _room(session: Any, story: dict[str, Any], number: str, subject: str) -> tuple[str, str]:
    """Set up a subject's room; return its id and its keeper."""
    from inventory.identity.service import keepers_named
    from inventory.places.models import Sort
    from inventory.register.service import NewPlace, set_up_places
    from inventory.scope import OPERATOR

    short, name, keeper = story["rooms"][subject]
    keeper_id = keepers_named(session, OPERATOR, [keeper], number, OPENED)[keeper]
    [room] = set_up_places(
        session, OPERATOR, [NewPlace(Sort.ROOM, short, name, None, keeper_id)],
        school_id=number, at=OPENED,
    )  # fmt: skip
    return room.id, keeper_id


def _cabinets(
    session: Any, filler: Any, number: str, room: str, keeper: str, numbers: list[int],
    titles: list[str],
) -> list[str]:  # fmt: skip
    """Set up cabinets with their shelves; return the ids of the shelves in order."""
    from inventory.places.changes import PlaceMade
    from inventory.register.changes import CodeClaimed

    filler.begin(session.connection())
    shelves = []
    for n, title in zip(numbers, titles, strict=True):
        codes = filler.codes(1 + SHELVES)
        for code in codes:
            filler.do(CodeClaimed(code, "place"), number)
        filler.do(PlaceMade(codes[0], "cabinet", f"{n:02d}", title, n, room, keeper), number)
        for m, code in enumerate(codes[1:], start=1):
            filler.do(PlaceMade(code, "shelf", str(m), "", m, codes[0]), number)
        shelves += codes[1:]
    filler.write(session.connection())
    return shelves


def _enter(
    session: Any, filler: Any, number: str, document: Any, part: list[tuple[Line, int]],
    shelves: dict[str, _Stands], kinds: _Kinds, lots: int, last: bool,
) -> None:  # fmt: skip
    """Enter some lots: their kinds and ledger lines where they are the first, and their things."""
    from inventory.register.changes import ThingRegistered

    filler.begin(session.connection())
    codes = iter(filler.codes(sum(line.quantity if line.is_item else 1 for line, _ in part)))
    for line, lot in part:
        if lot == 0:
            _kind(filler, number, document, line, lots, kinds)
        kind_id = kinds.ids[line.key]
        stands = shelves[line.subject]
        shelf, catalogue = stands.next(), str(line.kind["code"])
        for _ in range(line.quantity if line.is_item else 1):
            filler.do(
                ThingRegistered(
                    next(codes), kind_id, "item" if line.is_item else "batch", catalogue,
                    kinds.number(catalogue), 1 if line.is_item else line.quantity, shelf,
                    stands.keeper, line.price_cents, PURCHASED, VOUCHER,
                ),
                number,
            )  # fmt: skip
    filler.write(session.connection(), last=last)


def _kind(filler: Any, number: str, document: Any, line: Line, lots: int, kinds: _Kinds) -> None:
    from inventory.base import new_id
    from inventory.catalogue.changes import KindDefined
    from inventory.ledger.changes import LinePosted

    kind, quantity = line.kind, line.quantity * lots
    kind_id = kinds.ids.get(line.key)
    if kind_id is None:
        kind_id = kinds.ids[line.key] = new_id(OPENED)
        filler.do(
            KindDefined(
                kind_id, kind["name"], kind["unit"], "item" if line.is_item else "batch",
                kind["specification"], line.subject, kind["class"], kind["code"], quantity,
            ),
            number,
        )  # fmt: skip
    filler.do(
        LinePosted(
            new_id(OPENED), document.id, kind_id, quantity, line.price_cents, PURCHASED, VOUCHER
        ),
        number,
    )


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
