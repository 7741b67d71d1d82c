"""This module is about finding things: what a text and filters mean for the table of things.

Each word must find the thing itself, its kind, its place or what is above that, or its keeper. Such
a word, and some filters, are asked in two ways: as a condition on one thing, and as the set of all
things that it leaves, by indexes. The narrowest of these sets, when it is small, is what the
database starts from; else it walks along the things in their order, and soon has a page full.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from inventory.catalogue.models import Kind
from inventory.identity.models import Person
from inventory.places.models import Place, School
from inventory.places.queries import within
from inventory.register.models import Code, CodeState, Tag, Thing
from inventory.register.rules import Number, code_in
from inventory.register.tags_rules import values_sought
from inventory.scope import actor_of
from inventory.search.queries import matching
from inventory.search.rules import Word, searched

MOST = 10_000
"""Things that a list counts and sorts; of more it says so, and asks to narrow it down."""
SORTS = ("number", "newest", "place", "name")
OWN = ("thing", "tag")
"""Sorts of docs whose key is the code of a thing."""
WHOLE = -1
"""Stands for the whole text among the numbers of its words."""
SORTS_OF_TERMS = ("kind", "place", "person", "voucher", *OWN)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list of things is narrowed down to, as its address says."""

    text: str = ""
    school_id: str = ""
    subject: str = ""
    equipment_class: str = ""
    place_id: str = ""
    keeper: str = ""
    kind_id: str = ""
    label: str = ""
    """Whether its label was printed or seen: minted, printed, affixed; empty is all."""
    retired: bool = False
    sort: str = "number"


@dataclass(frozen=True, slots=True)
class Total:
    """How many things there are; of very many only that they are more."""

    count: int

    @property
    def is_more(self) -> bool:
        return self.count > MOST

    @property
    def shown(self) -> int:
        return min(self.count, MOST)


@dataclass(frozen=True, slots=True)
class _Narrowing:
    """A condition on one thing, and the codes of all things that meet it, by indexes."""

    holds: ColumnElement[bool]
    leaves: Select[Any]


@dataclass(frozen=True, slots=True)
class _Plan:
    """
    Everything that a thing must meet, and the narrowest set that has all that meet it, if any.

    A small set is where a statement starts; else it walks along the order of all things, where
    a page is soon full.
    """

    conditions: tuple[ColumnElement[bool], ...]
    narrowest: _Narrowing | None = None
    is_small: bool = False
    nothing: bool = False

    def of(self, query: Any) -> Any:
        query = query.where(*self.conditions)
        if self.nothing:
            return query.where(false())
        if self.narrowest is None:
            return query
        if self.is_small:
            return query.where(Thing.code.in_(self.narrowest.leaves))
        return query.where(self.narrowest.holds)


def found(session: Session, wanted: Wanted, *, page: int = 1, size: int) -> tuple[list[str], Total]:
    """Return the codes of one page of what is found, in order, and how many there are."""
    plan = _plan(session, wanted)
    total = _total(session, plan)
    if not total.count:
        return [], total
    page = min(page, -(-total.shown // size))
    query = _ordered(plan, wanted.sort, total)
    return list(session.scalars(query.limit(size).offset((page - 1) * size))), total


def following(
    session: Session, wanted: Wanted, cursor: tuple[str, str] | None, size: int
) -> list[str]:
    """Return the codes that follow a cursor of (school, code), in that order."""
    query = _plan(session, wanted).of(select(Thing.code))
    if cursor is not None:
        query = query.where(tuple_(Thing.school_id, Thing.code) > cursor)
    return list(session.scalars(query.order_by(Thing.school_id, Thing.code).limit(size)))


def next_codes(
    session: Session, wanted: Wanted, cursor: tuple[str, str, int] | None, size: int
) -> tuple[list[str], tuple[str, str, int] | None]:
    """Return the next codes in the order of numbers, and where to go on; None at the end."""
    by_number = (Thing.school_id, Thing.catalogue, Thing.running)
    query = _plan(session, wanted).of(select(Thing.code, *by_number))
    if cursor is not None:
        query = query.where(tuple_(*by_number) > cursor)
    rows = session.execute(query.order_by(*by_number).limit(size)).all()
    last = rows[-1] if len(rows) == size else None
    return [row[0] for row in rows], (last[1], last[2], last[3]) if last else None


def _total(session: Session, plan: _Plan) -> Total:
    """Count, but not further than needed."""
    some = plan.of(select(Thing.code)).limit(MOST + 1).subquery()
    return Total(int(session.scalar(select(func.count()).select_from(some)) or 0))


def _ordered(plan: _Plan, asked: str, total: Total) -> Any:
    sort = "number" if total.is_more else asked
    one, query = _rows(plan)
    by_number = (one.school_id, one.catalogue, one.running)
    if sort == "newest":
        return query.order_by(one.registered_at.desc(), *by_number)
    if sort == "place":
        query = query.join(Place, and_(Place.school_id == one.school_id, Place.id == one.home_id))
        return query.order_by(one.school_id, Place.path, one.catalogue, one.running)
    if sort == "name":
        query = query.join(Kind, and_(Kind.school_id == one.school_id, Kind.id == one.kind_id))
        return query.order_by(Kind.name, Kind.specification, *by_number)
    return query.order_by(*by_number)


def _rows(plan: _Plan) -> tuple[Any, Any]:
    """
    Return what stands for a thing, and the statement to be put in order.

    A few are taken first and sorted then: SQLite would walk along an index in the order of all
    things to meet them. The limit, never reached, keeps it from joining the two into one.
    """
    if not plan.is_small:
        return Thing, plan.of(select(Thing.code))
    one = aliased(Thing, plan.of(select(Thing)).limit(MOST + 1).subquery())
    return one, select(one.code)


# --- what it is narrowed down to -----------------------------------------------------------


def _plan(session: Session, wanted: Wanted) -> _Plan:
    schools = _schools(session, wanted)
    if not schools:
        return _Plan((), nothing=True)
    words = _words(wanted.text)
    bound = _bound(wanted.text, schools)
    sorts, is_bound = _sorts_found(session, words, bound, schools)
    narrowings = []
    if is_bound and len(words) > 1:  # an old number with spaces or dashes is no words
        narrowings.append(_one(tuple_(Thing.school_id, Thing.code).in_(bound)))
        words = []
    for n, one in enumerate(words):
        narrowing = _by_word(n, one, schools, sorts[n], bound if is_bound else None)
        if narrowing is None:
            return _Plan((), nothing=True)
        narrowings.append(narrowing)
    narrowings += _filters(session, wanted, schools)
    conditions: list[ColumnElement[bool]] = [
        Thing.retired_at.is_not(None) if wanted.retired else Thing.retired_at.is_(None)
    ]
    if wanted.school_id:
        conditions.append(Thing.school_id == wanted.school_id)
    if wanted.kind_id:
        conditions.append(Thing.kind_id == wanted.kind_id)
    if wanted.label:
        conditions.append(_by_label(wanted.label))
    least, is_small = _narrowest(session, narrowings) if not wanted.kind_id else (None, False)
    conditions += [one.holds for one in narrowings if one is not least]
    return _Plan(tuple(conditions), least, is_small)


def _schools(session: Session, wanted: Wanted) -> list[str]:
    """The schools to look in, named one by one, so that each is a range of every index."""
    in_sight = actor_of(session).schools
    if wanted.school_id:
        return [wanted.school_id]
    if in_sight is not None:
        return sorted(in_sight)
    return list(session.scalars(select(School.id).order_by(School.id)))


def _words(text: str) -> list[Word]:
    """A code or a number that is typed with spaces is one word."""
    whole = code_in(text) or (str(number) if (number := Number.parse(text)) else None)
    return [Word(whole, (), ())] if whole is not None else searched(text)


def _narrowest(
    session: Session, narrowings: Sequence[_Narrowing]
) -> tuple[_Narrowing | None, bool]:
    """Which of some sets has the fewest things, and whether these are few."""
    if not narrowings:
        return None, False
    counts = [
        select(func.count()).select_from(one.leaves.limit(MOST + 1).subquery()).scalar_subquery()
        for one in narrowings
    ]
    row = list(session.execute(select(*counts)).one())
    least = min(range(len(row)), key=lambda n: row[n])
    return narrowings[least], row[least] <= MOST


def _bound(text: str, schools: list[str]) -> Any:
    """The (school, code) of what a whole text is bound to: an old number, an EPC, a barcode."""
    return select(Tag.school_id, Tag.code).where(
        Tag.school_id.in_(schools), Tag.value.in_(values_sought(text)), Tag.unbound_at.is_(None)
    )


def _sorts_found(
    session: Session, words: Sequence[Word], bound: Any, schools: list[str]
) -> tuple[list[set[str]], bool]:
    """
    Return what each word finds: kinds, places, people …; and whether the whole text is bound.

    Asked once, it makes the rest small.
    """
    found: list[set[str]] = [set() for _ in words]
    if not words:
        return found, False
    asked: list[Any] = [select(literal(WHOLE), literal("tag")).where(bound.exists())]
    for number, one in enumerate(words):
        rows = matching(SORTS_OF_TERMS, one, schools).subquery()
        asked.append(select(literal(number), rows.c.sort).distinct())
    is_bound = False
    for number, sort in session.execute(union_all(*asked)):
        if number == WHOLE:
            is_bound = True
        else:
            found[number].add(sort)
    return found, is_bound


def _by_word(
    number: int, one: Word, schools: list[str], sorts: set[str], bound: Any = None
) -> _Narrowing | None:
    # What a word finds is looked up once and then asked for many times.
    found = (
        matching(tuple(sorted(sorts)) or SORTS_OF_TERMS, one, schools)
        .cte(f"word_{number}")
        .prefix_with("MATERIALIZED")
    )

    def of(*wanted: str) -> Select[Any]:
        return select(found.c.school_id, found.c.key).where(found.c.sort.in_(wanted))

    parts = _by_code_or_number(one, schools)
    if bound is not None:
        parts.append(tuple_(Thing.school_id, Thing.code).in_(bound))
    if "kind" in sorts:
        parts.append(tuple_(Thing.school_id, Thing.kind_id).in_(of("kind")))
    if "place" in sorts:
        parts.append(tuple_(Thing.school_id, Thing.home_id).in_(_places(of("place"))))
    if "person" in sorts:
        parts += _kept_by(of("person"))
    if "voucher" in sorts:
        parts.append(tuple_(Thing.school_id, Thing.voucher).in_(of("voucher")))
    if sorts & {*OWN}:
        parts.append(tuple_(Thing.school_id, Thing.code).in_(of(*OWN)))
    return _Narrowing(or_(*parts), _any_of(parts)) if parts else None


def _kept_by(people: Any) -> list[ColumnElement[bool]]:
    """Kept by some people themselves, or because their place is."""
    kept = select(Place.school_id, Place.id).where(
        tuple_(Place.school_id, Place.keeper_id).in_(people)
    )
    return [
        tuple_(Thing.school_id, Thing.keeper_id).in_(people),
        and_(Thing.keeper_id.is_(None), tuple_(Thing.school_id, Thing.home_id).in_(kept)),
    ]


def _any_of(parts: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """The codes of the things that meet one of some conditions, each by its own index."""
    each = [select(Thing.code.label("code")).where(part) for part in parts]
    if len(each) == 1:
        return each[0]
    rows = union_all(*each).subquery()
    return select(rows.c.code)


def _by_code_or_number(one: Word, schools: list[str]) -> list[ColumnElement[bool]]:
    parts: list[ColumnElement[bool]] = []
    if one.text.isascii() and one.text.isdigit() and len(one.text) <= 11:
        low, high = one.text.ljust(11, "0"), one.text.ljust(11, "9")
        parts.append(Thing.code.between(low, high))
    number = Number.parse(one.text)
    if number is not None:
        parts.append(
            and_(
                Thing.school_id.in_(schools),
                Thing.catalogue == number.catalogue,
                Thing.running == number.running,
            )
        )
    return parts


def _places(named: Select[Any]) -> Select[Any]:
    """The places that a word finds, and what stands inside them: a cabinet, its shelves."""
    inside = select(Place.school_id, Place.id).where(
        tuple_(Place.school_id, Place.parent_id).in_(named)
    )
    shelves = select(Place.school_id, Place.id).where(
        tuple_(Place.school_id, Place.parent_id).in_(inside)
    )
    every = union_all(named, inside, shelves).subquery()
    return select(*every.c)


def _filters(session: Session, wanted: Wanted, schools: list[str]) -> list[_Narrowing]:
    narrowings = []
    kinds: list[ColumnElement[bool]] = []
    if wanted.subject:
        kinds.append(Kind.subject == wanted.subject)
    if wanted.equipment_class:
        kinds.append(Kind.equipment_class == wanted.equipment_class)
    if kinds:
        rows = select(Kind.school_id, Kind.id).where(Kind.school_id.in_(schools), *kinds)
        narrowings.append(_one(tuple_(Thing.school_id, Thing.kind_id).in_(rows)))
    if wanted.place_id and wanted.school_id:
        inside = within(session, wanted.school_id, wanted.place_id)
        narrowings.append(
            _one(and_(Thing.school_id == wanted.school_id, Thing.home_id.in_(inside)))
        )
    if wanted.keeper:
        narrowings.append(_by_keeper(wanted.keeper, schools))
    if wanted.retired:
        narrowings.append(_one(and_(Thing.school_id.in_(schools), Thing.retired_at.is_not(None))))
    return narrowings


def _one(condition: ColumnElement[bool]) -> _Narrowing:
    return _Narrowing(condition, select(Thing.code).where(condition))


def _by_keeper(name: str, schools: list[str]) -> _Narrowing:
    people = select(Person.school_id, Person.id).where(
        Person.school_id.in_(schools), Person.name == name
    )
    parts = _kept_by(people)
    return _Narrowing(or_(*parts), _any_of(parts))


def _by_label(state: str) -> ColumnElement[bool]:
    """Whether the code of a thing has come so far and no further."""
    conditions: dict[str, ColumnElement[bool]] = {
        CodeState.MINTED.value: and_(Code.printed_at.is_(None), Code.affixed_at.is_(None)),
        CodeState.PRINTED.value: and_(Code.printed_at.is_not(None), Code.affixed_at.is_(None)),
        CodeState.AFFIXED.value: Code.affixed_at.is_not(None),
    }
    condition = conditions.get(state)
    if condition is None:
        return true()
    return exists().where(Code.code == Thing.code, condition)
