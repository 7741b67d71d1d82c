"""The small world of the tests: two schools, their cabinets, things and people."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from inventory.catalogue.rules import ManagedAs
from inventory.catalogue.service import KindKey, define_kind
from inventory.db import db, transact
from inventory.identity import service as identity
from inventory.identity.models import Person
from inventory.ledger.rules import DocumentType
from inventory.ledger.service import post_document, post_line
from inventory.places.models import Place, Sort
from inventory.places.service import open_school
from inventory.register.service import NewPlace, NewThing, register_things, set_up_places
from inventory.scope import OPERATOR, Actor, Permission, Role

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
HOME, OTHER = "3133990102", "3433990101"
PASSWORD = "a long password"


def minutes(n: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=n)


@cache
def password_hash() -> str:
    """Hashing is slow on purpose; once is enough for all tests."""
    return identity.hash_password(PASSWORD)


@dataclass
class World:
    """What a test needs to name. Items and batches are codes, in the order of their shelves."""

    password: str = PASSWORD
    people: dict[str, Actor] = field(default_factory=dict)
    cabinets: dict[str, str] = field(default_factory=dict)
    items: dict[str, list[str]] = field(default_factory=dict)
    batches: dict[str, list[str]] = field(default_factory=dict)

    @property
    def technician(self) -> Actor:
        return self.people["technician"]

    def token(self, login: str, *scopes: Permission) -> str:
        """A bearer token of somebody, with every scope unless some are named."""
        chosen = frozenset(scopes or Permission)
        acting(OPERATOR)
        return transact(
            lambda session: identity.issue_token(
                session, OPERATOR, login=login, name="test", scopes=chosen, at=NOON
            )
        )[1]


def small_school() -> World:
    """Load the world: in each school two cabinets with 3 items and 2 batches each."""
    world = World()
    for school, name in ((HOME, "昌化初中"), (OTHER, "於潜中学")):
        transact(lambda s, school=school, name=name: _fill(s, world, school, name))
    transact(lambda s: _people(s, world))
    return world


def _fill(session, world: World, school: str, name: str) -> None:
    open_school(session, OPERATOR, number=school, name=name, stage="初中", at=NOON)
    document = post_document(
        session, OPERATOR, type=DocumentType.OPENING, title="期初", school_id=school, at=NOON
    )
    keeper = identity.keepers_named(session, OPERATOR, ["童喆"], school, NOON)["童喆"]
    [room] = set_up_places(
        session, OPERATOR, [NewPlace(Sort.ROOM, "科仪1", "科学仪器室1", None, keeper)],
        school_id=school, at=NOON,
    )  # fmt: skip
    for number in ("01", "02"):
        _cabinet(session, world, school, room, number, document, keeper)


def _cabinet(session, world, school, room: Place, number: str, document, keeper: str) -> None:
    [cabinet] = set_up_places(
        session, OPERATOR, [NewPlace(Sort.CABINET, number, "计量仪器", room, keeper)],
        school_id=school, at=NOON,
    )  # fmt: skip
    upper, lower = set_up_places(
        session, OPERATOR, [NewPlace(Sort.SHELF, n, "", cabinet) for n in ("1", "2")],
        school_id=school, at=NOON,
    )  # fmt: skip
    scope = f"{school}/{number}"
    world.cabinets[scope] = cabinet.id
    balance = _kind(session, school, "24001", f"电子天平 {number}", "100g 0.01g", ManagedAs.ITEM)
    beaker = _kind(session, school, "61001", f"烧杯 {number}", "100mL ℃ Ω ①", ManagedAs.BATCH)
    tube = _kind(session, school, "64007", f"试管 {number}", "Ф15mm", ManagedAs.BATCH)
    lines = [(balance, 3, upper.id), (beaker, 24, upper.id), (tube, 300, lower.id)]
    new = []
    for kind, quantity, place in lines:
        post_line(
            session, OPERATOR, document=document, kind_id=kind.id, quantity=quantity,
            unit_price_cents=51_000, at=NOON,
        )  # fmt: skip
        form = ManagedAs(kind.managed_as)
        one = NewThing(kind, form, 1 if form is ManagedAs.ITEM else quantity, place, keeper)
        new.extend([one] * (quantity if form is ManagedAs.ITEM else 1))
    codes = register_things(session, OPERATOR, new, school_id=school, at=NOON)
    world.items[scope], world.batches[scope] = codes[:3], codes[3:]


def _kind(session, school: str, code: str, name: str, spec: str, form: ManagedAs):
    return define_kind(
        session, OPERATOR, KindKey("科学", code, name, spec, "个"), school_id=school,
        managed_as=form, at=NOON,
    )  # fmt: skip


def _people(session, world: World) -> None:
    for login, role, school in (
        ("admin", Role.ADMINISTRATOR, None),
        ("officer", Role.BUREAU_OFFICER, None),
        ("auditor", Role.AUDITOR, None),
        ("manager", Role.EQUIPMENT_MANAGER, HOME),
        ("technician", Role.TECHNICIAN, HOME),
        ("principal", Role.PRINCIPAL, HOME),
        ("teacher", Role.TEACHER, HOME),
        ("stranger", Role.TECHNICIAN, OTHER),
    ):
        person = Person(
            id=f"{login:0>32}", school_id=school, name=f"{login}老师", login=login,
            password_hash=password_hash(), role=role.value, is_active=True, created_at=NOON,
        )  # fmt: skip
        session.add(person)
        world.people[login] = person.actor()


def acting(actor: Actor):
    """The session of the test, acting as somebody."""
    from inventory.scope import bind

    session = db.session()
    session.rollback()
    bind(session, actor)
    return session
