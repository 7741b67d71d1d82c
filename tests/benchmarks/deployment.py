"""The deployment that is measured: a school, one room of many things, SQLite as delivered."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from apiflask import APIFlask
from sqlalchemy.orm import Session

from inventory.app import create_app
from inventory.catalogue.rules import ManagedAs
from inventory.catalogue.service import KindKey, define_kind
from inventory.commands.database import run_migrations
from inventory.config import Config
from inventory.counting.service import open_count
from inventory.db import db, transact
from inventory.identity import service as identity
from inventory.ledger.rules import DocumentType
from inventory.ledger.service import post_document
from inventory.places.models import Place, Sort
from inventory.places.queries import place_by_code
from inventory.places.service import open_school
from inventory.register.service import NewPlace, NewThing, register_things, set_up_places
from inventory.scope import OPERATOR, Actor, Permission, Role, bind

THINGS = 5_000
PER_KIND = 50
SCHOOL = "3133990102"
OPENED = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
NAMES = ("电子天平", "学生显微镜", "数字示波器", "学生电源", "光具座", "恒温水浴锅", "气垫导轨")
KEY = "0123456789abcdef" * 4
LOGIN = "technician"
PASSWORD = "a long password"


@dataclass(frozen=True, slots=True)
class Deployment:
    """A database of its own and what the benchmarks need to name in it."""

    config: Config
    token: str
    technician: Actor
    codes: tuple[str, ...]
    count_id: str

    def copied(self, folder: Path) -> "Deployment":
        """Return the same deployment on a copy of its database in another folder."""
        copy = config_in(folder)
        assert self.config.database_file is not None
        assert copy.database_file is not None
        shutil.copy(self.config.database_file, copy.database_file)
        return Deployment(copy, self.token, self.technician, self.codes, self.count_id)


def config_in(folder: Path) -> Config:
    """Settings of a deployment in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    return Config(data=folder, database=f"sqlite:///{folder / 'tallycard.db'}", secret_key=KEY)


@contextmanager
def running(config: Config) -> Iterator[APIFlask]:
    """Give an application in this process, its session acting as the operator."""
    app = create_app(config)
    with app.app_context():
        bind(db.session(), OPERATOR)
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


def empty(folder: Path) -> Config:
    """Make a migrated database that holds nothing."""
    config = config_in(folder)
    with running(config):
        run_migrations()
    return config


def school(folder: Path, things: int = THINGS) -> Deployment:
    """Make the school with its things, a technician's token and an open count of its room."""
    config = empty(folder)
    with running(config):
        shelf, room = transact(_places)
        codes: list[str] = []
        for start in range(0, things, PER_KIND):
            size = min(PER_KIND, things - start)
            codes += transact(partial(_things, shelf_id=shelf.id, start=start, size=size))
        technician, token = transact(_technician)
        place = place_by_code(db.session(), room.id)
        assert place is not None
        count = transact(lambda session: open_count(session, OPERATOR, place=place, at=OPENED))
        return Deployment(config, token, technician, tuple(codes), count.id)


def _places(session: Session) -> tuple[Place, Place]:
    open_school(session, OPERATOR, number=SCHOOL, name="昌化初中", stage="初中", at=OPENED)
    post_document(
        session, OPERATOR, type=DocumentType.OPENING, title="期初", school_id=SCHOOL, at=OPENED
    )
    above: Place | None = None
    made: list[Place] = []
    for sort, short, name in (
        (Sort.ROOM, "科仪1", "科学仪器室1"),
        (Sort.CABINET, "01", "计量仪器"),
        (Sort.SHELF, "1", ""),
    ):
        new = [NewPlace(sort, short, name, above)]
        [above] = set_up_places(session, OPERATOR, new, school_id=SCHOOL, at=OPENED)
        made.append(above)
    return made[-1], made[0]


def _things(session: Session, *, shelf_id: str, start: int, size: int) -> list[str]:
    number = start // PER_KIND
    key = KindKey(
        "科学", f"{24_001 + number}", NAMES[number % len(NAMES)], f"0～{number + 1}00 g 0.1 g", "台"
    )
    kind = define_kind(
        session, OPERATOR, key, school_id=SCHOOL, managed_as=ManagedAs.ITEM, at=OPENED
    )
    new = [NewThing(kind, ManagedAs.ITEM, 1, shelf_id)] * size
    return register_things(session, OPERATOR, new, school_id=SCHOOL, at=OPENED)


def _technician(session: Session) -> tuple[Actor, str]:
    person = identity.add_person(
        session, OPERATOR, name="童喆", login=LOGIN, password=PASSWORD,
        role=Role.TECHNICIAN, school_id=SCHOOL, at=OPENED,
    )  # fmt: skip
    _, token = identity.issue_token(
        session, OPERATOR, login=LOGIN, name="bench", scopes=frozenset(Permission), at=OPENED
    )
    return person.actor(frozenset(Permission)), token
