"""This module is about reading things and what is in a place: frozen rows for pages and papers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.orm import Session, aliased

from inventory.catalogue.models import Kind
from inventory.catalogue.rules import counts_as_pieces
from inventory.identity.models import Person
from inventory.journal.queries import Entry
from inventory.places.models import Place, School, Sort
from inventory.places.queries import PlaceRow, inside, places_by_id, within
from inventory.register.models import CabinetCard, CardLine, Code, CodeState, Holding, Thing
from inventory.register.rules import Number, Status, contents_hash, shown
from inventory.register.search_queries import Total, Wanted, following, found, next_codes

PAGE = 50
AT_ONCE = 500
"""Things that are read together for a file."""


@dataclass(frozen=True, slots=True)
class ThingRow:
    """A thing for display. `quantity` is what is at its home, in `unit`."""

    school_id: str
    school: str
    code: str
    number: str
    name: str
    specification: str
    unit: str
    managed_as: str
    quantity: int
    place_id: str
    place: str
    place_sort: str
    keeper: str | None
    state: str
    kind_id: str
    subject: str
    unit_price_cents: int | None
    purchased: str | None
    voucher: str | None
    finance_card_no: str | None
    note: str | None
    retired_at: datetime | None = None
    retired_quantity: int | None = None
    status: str = "in_use"
    document_id: str | None = None
    """The document by which it came to its status."""
    own_keeper: str | None = None
    """The thing's own keeper; without one it is kept by whom its place is kept."""
    serial_no: str | None = None
    maker: str | None = None
    supplier: str | None = None
    invoice: str | None = None
    accepted: str | None = None
    source: str | None = None
    warranty_until: str | None = None
    condition: str | None = None
    present_place_id: str | None = None
    joined_into: str | None = None
    broken_from: str | None = None

    @property
    def code_shown(self) -> str:
        return shown(self.code)

    @property
    def title(self) -> str:
        return f"{self.name} {self.specification}".strip()

    @property
    def is_batch(self) -> bool:
        return self.managed_as == "batch"


@dataclass(frozen=True, slots=True)
class CardRow:
    """One line of a cabinet card."""

    place_id: str
    catalogue_code: str | None
    kind_id: str
    name: str
    specification: str
    unit: str
    quantity: int
    other_words: str | None = None


@dataclass(frozen=True, slots=True)
class ShelfCard:
    """The lines of one shelf, or of what stands in the cabinet without a shelf."""

    place: PlaceRow
    rows: tuple[CardRow, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A cabinet's card as it would be printed now, and what was printed last."""

    cabinet: PlaceRow
    school: str
    shelves: tuple[ShelfCard, ...]
    contents: str
    version: int
    printed_at: datetime | None
    printed_version: int | None
    printed_by: str | None = None

    @property
    def rows(self) -> list[CardRow]:
        return [row for shelf in self.shelves for row in shelf.rows]

    @property
    def kinds(self) -> int:
        return len({row.kind_id for row in self.rows})

    @property
    def pieces(self) -> int:
        return sum(row.quantity for row in self.rows if counts_as_pieces(row.unit))

    @property
    def is_stale(self) -> bool:
        """Whether the printed card no longer tells the truth; a card never printed is not stale."""
        return self.printed_version is not None and self.printed_version != self.version


def lots_now(session: Session, school_id: str, codes: Iterable[str]) -> dict[str, str]:
    """Return in which batch the pieces of some batches are now: moves and merges join batches."""
    now = {code: code for code in codes}
    while now:
        query = select(Thing.code, Thing.joined_into).where(
            Thing.school_id == school_id,
            Thing.code.in_(sorted(set(now.values()))),
            Thing.joined_into.is_not(None),
        )
        joined = {row[0]: str(row[1]) for row in session.execute(query)}
        if not joined:
            break
        now = {code: joined.get(lot, lot) for code, lot in now.items()}
    return now


def thing(session: Session, code: str) -> ThingRow | None:
    """Return the thing under a code in the schools in sight."""
    # A thing that went to another school is in both; where it is alive comes first.
    query = _thing_rows().where(Thing.code == code).order_by(Thing.retired_at.is_not(None))
    rows = _things(session, query)
    return rows[0] if rows else None


def things_by_code(session: Session, codes: Iterable[str]) -> list[ThingRow]:
    """Return things in the order of the codes given; unknown ones are left out."""
    wanted = list(codes)
    query = _thing_rows().where(Thing.code.in_(wanted)).order_by(Thing.retired_at.is_(None))
    found = {row.code: row for row in _things(session, query)}
    return [found[code] for code in wanted if code in found]


def things_of_document(session: Session, document_id: str) -> list[ThingRow]:
    """Return the things in use that came by a document, in the order in which they were made."""
    query = _thing_rows().where(Thing.document_id == document_id, Thing.retired_at.is_(None))
    return _things(session, query.order_by(Thing.code))


def things_by_number(session: Session, number: Number) -> list[ThingRow]:
    """Return the things with a readable number: one a school."""
    query = _thing_rows().where(
        Thing.catalogue == number.catalogue, Thing.running == number.running
    )
    return _things(session, query)


def things_in(session: Session, school_id: str, place_id: str) -> list[ThingRow]:
    """Return what belongs in a place or anything inside it, in walking order."""
    places = within(session, school_id, place_id)
    query = _thing_rows(at_home=True).where(
        Thing.school_id == school_id, Thing.home_id.in_(places), Thing.retired_at.is_(None)
    )
    order = {place: index for index, place in enumerate(places)}
    rows = _things(session, query)
    return sorted(rows, key=lambda row: (order[row.place_id], _by_number(row)))


def things_at(session: Session, school_id: str, place_id: str, limit: int) -> list[ThingRow]:
    """Return the first things that belong in a place itself, not in what stands in it."""
    # Found first and then put in order: SQLite would walk along all things of the school in order.
    here = (
        select(Thing.code, Thing.catalogue, Thing.running)
        .where(Thing.school_id == school_id, Thing.home_id == place_id, Thing.retired_at.is_(None))
        .cte("here")
        .prefix_with("MATERIALIZED")
    )
    query = select(here.c.code).order_by(here.c.catalogue, here.c.running).limit(limit)
    return things_by_code(session, session.scalars(query))


def _by_number(row: ThingRow) -> tuple[str, int]:
    number = Number.parse(row.number)
    return (number.catalogue, number.running) if number else (row.number, 0)


def unprinted(session: Session, school_id: str) -> list[ThingRow]:
    """Return the things whose code was never printed, in walking order."""
    query = _thing_rows().where(
        Thing.school_id == school_id, Code.printed_at.is_(None), Thing.retired_at.is_(None)
    )
    return sorted(_things(session, query), key=lambda row: (row.place, _by_number(row)))


def search(
    session: Session, text: str = "", *, school_id: str | None = None, place_id: str | None = None,
    kind_id: str = "", retired: bool = False, page: int = 1, size: int = PAGE,
) -> tuple[list[ThingRow], int]:  # fmt: skip
    """Return one page of the things in use, or of the retired, that a text finds; how many."""
    wanted = Wanted(
        text=text, school_id=school_id or "", place_id=place_id or "", kind_id=kind_id,
        retired=retired,
    )  # fmt: skip
    rows, total = listed(session, wanted, page=page, size=size)
    return rows, total.count


def listed(
    session: Session, wanted: Wanted, *, page: int = 1, size: int = PAGE
) -> tuple[list[ThingRow], Total]:
    """Return one page of a list of things, and how many there are, as far as it is counted."""
    codes, total = found(session, wanted, page=page, size=size)
    return things_by_code(session, codes), total


def after(
    session: Session, cursor: tuple[str, str] | None, *, text: str = "", limit: int = 100
) -> list[ThingRow]:
    """Return the things that follow a cursor of (school, code), for the API's lists."""
    return things_by_code(session, following(session, Wanted(text=text), cursor, limit))


def _thing_rows(*, at_home: bool = False) -> Select:  # type: ignore[type-arg]
    """Rows of things; what is under way to another school still counts, but not as `at_home`."""
    keeper, own = aliased(Person), aliased(Person)
    under_way = Thing.status == Status.IN_TRANSFER.value
    at = Thing.home_id if at_home else case((under_way, Sort.IN_TRANSIT.value), else_=Thing.home_id)
    return (
        select(Thing, Kind, Place, Code, Holding.quantity, School.name, keeper.name, own.name)
        .join(Kind, and_(Kind.school_id == Thing.school_id, Kind.id == Thing.kind_id))
        .join(Place, and_(Place.school_id == Thing.school_id, Place.id == Thing.home_id))
        .outerjoin(Code, Code.code == Thing.code)
        .join(School, School.id == Thing.school_id)
        .outerjoin(
            Holding,
            and_(
                Holding.school_id == Thing.school_id,
                Holding.code == Thing.code,
                Holding.place_id == at,
            ),
        )
        .outerjoin(keeper, keeper.id == func.coalesce(Thing.keeper_id, Place.keeper_id))
        .outerjoin(own, own.id == Thing.keeper_id)
    )


def _things(session: Session, query: Select) -> list[ThingRow]:  # type: ignore[type-arg]
    return [_thing_row(*row) for row in session.execute(query)]


def _thing_row(
    thing: Thing, kind: Kind, place: Place, code: Code | None, quantity: int | None, school: str,
    keeper: str | None, own_keeper: str | None,
) -> ThingRow:  # fmt: skip
    return ThingRow(
        school_id=thing.school_id,
        school=school,
        code=thing.code,
        number=thing.number,
        name=kind.name,
        specification=kind.specification,
        unit=kind.unit,
        managed_as=thing.managed_as,
        quantity=quantity or 0,
        place_id=place.id,
        place=place.path,
        place_sort=place.sort,
        keeper=keeper,
        state=(code.state if code else CodeState.RETIRED).value,
        kind_id=kind.id,
        subject=kind.subject,
        unit_price_cents=thing.unit_price_cents,
        purchased=thing.purchased,
        voucher=thing.voucher,
        finance_card_no=thing.finance_card_no,
        note=thing.note,
        retired_at=thing.retired_at,
        retired_quantity=thing.retired_quantity,
        status=thing.status,
        document_id=thing.document_id,
        own_keeper=own_keeper,
        serial_no=thing.serial_no,
        maker=thing.maker,
        supplier=thing.supplier,
        invoice=thing.invoice,
        accepted=thing.accepted,
        source=thing.source,
        warranty_until=thing.warranty_until,
        condition=thing.condition,
        present_place_id=thing.present_place_id,
        joined_into=thing.joined_into,
        broken_from=thing.broken_from,
    )


def count_in(session: Session, school_id: str, places: Sequence[str]) -> int:
    """Return how many things in use belong in some places, or are there."""
    belonging = select(Thing.code).where(
        Thing.school_id == school_id, Thing.home_id.in_(places), Thing.retired_at.is_(None)
    )
    held = select(Holding.code).where(
        Holding.school_id == school_id, Holding.place_id.in_(places), Holding.quantity != 0
    )
    either = belonging.union(held).subquery()
    return int(session.scalar(select(func.count()).select_from(either)) or 0)


def uses_of_kinds(session: Session, school_id: str, kind_ids: list[str]) -> dict[str, int]:
    """Return how many things in use there are of each of some kinds."""
    query = (
        select(Thing.kind_id, func.count())
        .where(
            Thing.school_id == school_id,
            Thing.kind_id.in_(kind_ids),
            Thing.retired_at.is_(None),
        )
        .group_by(Thing.kind_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def places_mentioned(
    session: Session, school_id: str, entries: Iterable[Entry]
) -> dict[str, PlaceRow]:
    """Return the places that events mention, by id, with one query for all of them."""
    mentions = ("place", "origin", "destination")
    ids = {entry.data.get(name) for entry in entries for name in mentions}
    return places_by_id(session, school_id, sorted(filter(None, ids)))


def every(session: Session, wanted: Wanted, size: int = AT_ONCE) -> Iterator[ThingRow]:
    """Yield all things that are found, some at a time, for files."""
    cursor: tuple[str, str, int] | None = None
    while True:
        codes, cursor = next_codes(session, wanted, cursor, size)
        yield from things_by_code(session, codes)
        if cursor is None:
            return


# --- cabinet cards -------------------------------------------------------------------------


def card(session: Session, cabinet: PlaceRow) -> Card:
    """Return the card of a cabinet or of a room: its contents by shelf, as they are now."""
    places = _shelves(session, cabinet)
    query = (
        select(CardLine, Kind)
        .join(Kind, and_(Kind.school_id == CardLine.school_id, Kind.id == CardLine.kind_id))
        .where(
            CardLine.school_id == cabinet.school_id,
            CardLine.place_id.in_([place.id for place in places]),
        )
        .order_by(Kind.subject, Kind.catalogue_code, Kind.name, Kind.specification)
    )
    lines = [_card_row(line, kind) for line, kind in session.execute(query)]
    held = [(row.place_id, row.kind_id, row.quantity) for row in lines]
    contents = contents_hash(held, _other_words(cabinet, places, lines))
    printed = session.get(CabinetCard, (cabinet.school_id, cabinet.id))
    school = session.get_one(School, cabinet.school_id)
    shelves = (
        ShelfCard(place, tuple(row for row in lines if row.place_id == place.id))
        for place in places
    )
    return Card(
        cabinet=cabinet,
        school=school.name,
        shelves=tuple(shelf for shelf in shelves if shelf.rows or shelf.place.sort == "shelf"),
        contents=contents,
        version=_version(printed, contents),
        printed_at=printed.printed_at if printed else None,
        printed_version=printed.version if printed else None,
        printed_by=printed.printed_by if printed else None,
    )


def _version(printed: CabinetCard | None, contents: str) -> int:
    if printed is None:
        return 1
    return printed.version + (printed.printed_hash != contents)


def _shelves(session: Session, cabinet: PlaceRow) -> list[PlaceRow]:
    if cabinet.sort == Sort.CABINET.value:
        return [*inside(session, cabinet.school_id, cabinet.id), cabinet]
    return [cabinet]


def _card_row(line: CardLine, kind: Kind) -> CardRow:
    return CardRow(
        line.place_id, kind.catalogue_code, kind.id, kind.name, kind.specification, kind.unit,
        line.quantity, kind.other_words,
    )  # fmt: skip


def _other_words(
    cabinet: PlaceRow, places: Sequence[PlaceRow], lines: Sequence[CardRow]
) -> set[tuple[str, str]]:
    """What is on a card and not called as it was at first: the cabinet, shelves, kinds."""
    named = {row.place_id for row in lines} | {cabinet.id}
    words = {(one.id, one.other_words) for one in places if one.id in named and one.other_words}
    return words | {(row.kind_id, row.other_words) for row in lines if row.other_words}


@dataclass(frozen=True, slots=True)
class CabinetRow:
    """A cabinet in a list: how much is in it and whether its card is current."""

    place: PlaceRow
    room: str
    kinds: int
    things: int
    unprinted: int
    printed_version: int | None
    is_stale: bool


def cabinet_rows(session: Session, cabinets: Sequence[PlaceRow]) -> list[CabinetRow]:
    """Return the cabinets of a list with their figures, in a fixed number of queries."""
    if not cabinets:
        return []
    schools = sorted({place.school_id for place in cabinets})
    owner = aliased(Place)
    under = func.coalesce(
        select(owner.id)
        .where(
            owner.school_id == Place.school_id,
            owner.id == Place.parent_id,
            owner.sort == Sort.CABINET.value,
        )
        .correlate(Place)
        .scalar_subquery(),
        Place.id,
    )
    listed = [place.id for place in cabinets]
    spots = _spots(session, schools, listed)
    lines = session.execute(
        select(CardLine.school_id, under, CardLine.place_id, CardLine.kind_id, CardLine.quantity)
        .join(Place, and_(Place.school_id == CardLine.school_id, Place.id == CardLine.place_id))
        .where(CardLine.school_id.in_(schools), CardLine.place_id.in_(spots))
    ).all()
    contents: dict[tuple[str, str], list[tuple[str, str, int]]] = {}
    for school_id, cabinet_id, place_id, kind_id, quantity in lines:
        contents.setdefault((school_id, cabinet_id), []).append((place_id, kind_id, quantity))
    things = _thing_counts(session, schools, under, spots)
    renamed = _renamed(session, schools)
    printed = {
        (row.school_id, row.cabinet_id): row
        for row in session.scalars(
            select(CabinetCard).where(
                CabinetCard.school_id.in_(schools), CabinetCard.cabinet_id.in_(listed)
            )
        )
    }
    rooms = {
        (row.school_id, row.id): row.name
        for row in session.scalars(
            select(Place).where(Place.school_id.in_(schools), Place.sort == Sort.ROOM.value)
        )
    }
    return [_cabinet_row(place, contents, things, printed, rooms, renamed) for place in cabinets]


def _renamed(session: Session, schools: list[str]) -> dict[tuple[str, str], str]:
    """The places and kinds of schools that are not called as they were at first, by id."""
    places = select(Place).where(Place.school_id.in_(schools), Place.first_words.is_not(None))
    kinds = select(Kind).where(Kind.school_id.in_(schools), Kind.first_words.is_not(None))
    rows: list[Place | Kind] = [*session.scalars(places), *session.scalars(kinds)]
    return {(row.school_id, row.id): row.other_words for row in rows if row.other_words}


def _spots(session: Session, schools: list[str], cabinets: list[str]) -> list[str]:
    """The ids of cabinets and of the shelves in them."""
    query = select(Place.id).where(Place.school_id.in_(schools), Place.parent_id.in_(cabinets))
    return [*cabinets, *session.scalars(query)]


def _thing_counts(
    session: Session, schools: list[str], under: ColumnElement[str], spots: list[str]
) -> dict[tuple[str, str], tuple[int, int]]:
    rows = session.execute(
        select(Thing.school_id, under, func.count(), func.count(Code.printed_at))
        .join(Place, and_(Place.school_id == Thing.school_id, Place.id == Thing.home_id))
        .join(Code, Code.code == Thing.code)
        .where(Thing.school_id.in_(schools), Thing.home_id.in_(spots), Thing.retired_at.is_(None))
        .group_by(Thing.school_id, under)
    )
    return {(row[0], row[1]): (row[2], row[2] - row[3]) for row in rows}


def _cabinet_row(
    place: PlaceRow,
    contents: dict[tuple[str, str], list[tuple[str, str, int]]],
    things: dict[tuple[str, str], tuple[int, int]],
    printed: dict[tuple[str, str], CabinetCard],
    rooms: dict[tuple[str, str], str],
    renamed: dict[tuple[str, str], str],
) -> CabinetRow:
    key = (place.school_id, place.id)
    lines = contents.get(key, [])
    card = printed.get(key)
    count, without_label = things.get(key, (0, 0))
    return CabinetRow(
        place=place,
        room=rooms.get((place.school_id, place.parent_id or ""), ""),
        kinds=len({kind for _, kind, _ in lines}),
        things=count,
        unprinted=without_label,
        printed_version=card.version if card else None,
        is_stale=card is not None
        and card.printed_hash != contents_hash(lines, _renamed_on(place, lines, renamed)),
    )


def _renamed_on(
    place: PlaceRow, lines: list[tuple[str, str, int]], renamed: dict[tuple[str, str], str]
) -> set[tuple[str, str]]:
    ids = {place.id} | {row[0] for row in lines} | {row[1] for row in lines}
    return {
        (one, renamed[place.school_id, one]) for one in ids if (place.school_id, one) in renamed
    }


# --- codes ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A code and how far it has come."""

    code: str
    state: CodeState
    bearer: str | None
    school_id: str | None


def codes(session: Session, wanted: Iterable[str]) -> dict[str, CodeRow]:
    """Return the codes in sight among those wanted: those of the schools, and blank ones."""
    query = select(Code).where(Code.code.in_(list(wanted)))
    return {
        row.code: CodeRow(row.code, row.state, row.bearer, row.school_id)
        for row in session.scalars(query)
    }
