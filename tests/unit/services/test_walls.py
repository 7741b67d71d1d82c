"""Each wall between schools, tried by going past the ones in front of it.

What slips past the ORM's criteria is known: tables instead of classes, `text()`, bulk inserts, an
update of a key, a connection of one's own. Behind the ORM stand the composite keys on both
engines, and row security on PostgreSQL.
"""

import inspect
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy import inspect as look_into
from sqlalchemy.exc import IntegrityError, ProgrammingError

import inventory
from inventory.app import TASKS
from inventory.base import Base, SchoolOptional, SchoolScoped, table_of
from inventory.catalogue.models import Kind, KindCode
from inventory.counting.service import open_count
from inventory.custody.models import Loan
from inventory.db import SCHOOLS, WRITES, db, transact
from inventory.exchange.models import ColumnChoice, Import, ImportFault, ImportPart, ImportRow
from inventory.identity.service import actors_by_token
from inventory.ledger.models import Document, DocumentLine, DocumentStep
from inventory.places.models import Place
from inventory.places.queries import place_by_code
from inventory.register import bulk_service
from inventory.register.bulk_models import BulkSort
from inventory.register.models import CardCheck, Thing
from inventory.register.service import note_card_printed
from inventory.scanning.service import Incoming, Submission, take_in_all
from inventory.scope import NOBODY, OPERATOR, bind
from tests.world import HOME, NOON, OTHER, acting

PLACE, THING = table_of(Place), table_of(Thing)
NOT_OF_A_SCHOOL = {"code_series", "token", "sign_in", "device", "pin", "handover"}
"""Tables without row security: what is in them belongs to no school, or is found by a secret."""


on_postgres = pytest.mark.parametrize(
    "deployed", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
"""Row security is PostgreSQL's; on SQLite the walls in front of it stand alone."""


def room(school, code="20000000194"):
    return {"school_id": school, "id": code, "sort": "room", "short": "x", "name": "x",
            "path": "x", "ordinal": 0, "keeper_id": None, "parent_id": None}  # fmt: skip


def slips(foreign):
    """Statements that the ORM's criteria do not reach, each reading another school's rows."""
    return {
        "a table": select(THING.c.code).where(THING.c.school_id == OTHER),
        "text": text(f"SELECT code FROM thing WHERE school_id = '{OTHER}'"),
        "a count of a table": select(func.count()).select_from(PLACE).where(
            PLACE.c.school_id == OTHER
        ).having(func.count() > 0),
        "a column by its key": select(THING.c.note, THING.c.code).where(THING.c.code == foreign),
    }  # fmt: skip


@on_postgres
def test_row_security_lets_nothing_through_that_the_orm_misses(world):
    foreign = world.items[f"{OTHER}/01"][0]

    for name, statement in slips(foreign).items():
        acting(OPERATOR)
        assert db.session().execute(statement).all(), f"{name}: the control finds it"
        acting(world.technician)
        assert db.session().execute(statement).all() == [], name


@on_postgres
@pytest.mark.parametrize("way", ["connection", "driver"])
def test_a_connection_that_was_told_nothing_sees_nothing(world, way):
    with db.engine.connect() as connection:
        if way == "connection":
            rows = connection.execute(select(THING.c.code)).all()
        else:
            rows = connection.exec_driver_sql("SELECT code FROM thing").all()
    assert rows == []


@on_postgres
def test_what_one_transaction_was_told_the_next_does_not_know(world):
    acting(OPERATOR)
    assert db.session().execute(select(THING.c.code)).all()
    db.session.rollback()

    with db.engine.connect() as connection:
        assert connection.scalar(select(func.current_setting(SCHOOLS, True))) in {None, ""}


@on_postgres
def test_the_actor_changes_what_a_running_transaction_sees(world):
    session = acting(OPERATOR)
    everything = session.scalar(select(func.count()).select_from(THING))

    bind(session, world.technician)
    assert session.in_transaction()
    assert session.scalar(select(func.count()).select_from(THING)) == everything / 2
    bind(session, NOBODY)
    assert session.scalar(select(func.count()).select_from(THING)) == 0


@on_postgres
@pytest.mark.parametrize(
    "statement",
    [
        insert(PLACE).values(**room(OTHER)),
        text(
            "INSERT INTO place (school_id, id, sort, short, name, path, ordinal)"
            f" VALUES ('{OTHER}', '20000000194', 'room', 'x', 'x', 'x', 0)"
        ),
        insert(Place).values(**room(OTHER)),
    ],
    ids=["table", "text", "class"],
)
def test_row_security_refuses_a_row_written_into_another_school(world, statement):
    session = acting(world.technician)

    with pytest.raises(ProgrammingError, match="row-level security"):
        session.execute(statement)
    session.rollback()


@on_postgres
def test_row_security_does_not_give_a_row_away(world):
    """An update of the school itself: seen before, out of sight after (re-parenting)."""
    session = acting(world.technician)

    with pytest.raises(ProgrammingError, match="row-level security"):
        session.execute(
            update(THING).where(THING.c.school_id == HOME).values(school_id=OTHER)
        )  # fmt: skip
    session.rollback()


@on_postgres
def test_nobody_of_a_school_makes_somebody_of_the_bureau(world):
    session = acting(world.technician)

    with pytest.raises(ProgrammingError, match="row-level security"):
        session.execute(
            text(
                "INSERT INTO person (id, name, login, role, is_active, created_at)"
                " VALUES ('x', 'x', 'x', 'administrator', true, now())"
            )
        )
    session.rollback()


@on_postgres
def test_every_table_of_schools_has_row_security_and_so_has_its_owner(world):
    acting(OPERATOR)
    rows = db.session().execute(
        text(
            "SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
    )
    guarded = {name for name, is_guarded in rows if is_guarded}

    for mapper in Base.registry.mappers:
        model, name = mapper.class_, str(mapper.local_table.name)
        if issubclass(model, SchoolScoped | SchoolOptional) or "school_id" in mapper.columns:
            assert name in guarded, f"{name}: a migration gives it a policy, see 0005"
        elif name not in NOT_OF_A_SCHOOL:
            assert name in guarded, f"{name}: give it a policy, or say why not"


@on_postgres
def test_the_server_of_these_tests_is_no_superuser(world):
    """Else every test of row security would pass for nothing: a superuser walks through."""
    acting(OPERATOR)
    row = db.session().execute(
        text("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
    )
    assert tuple(row.one()) == (False, False)


def parents():
    """Every reference that stays inside a school, as (table, columns, referred table)."""
    for mapper in Base.registry.mappers:
        table = mapper.local_table
        for key in table.foreign_key_constraints:
            columns = [column.name for column in key.columns]
            if "school_id" in columns and len(columns) > 1:
                yield str(table.name), columns


def test_every_reference_inside_a_school_carries_the_school():
    """A key without the school could attach a row to another school's (CVE-2026-55516)."""
    scoped = {
        str(mapper.local_table.name)
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, SchoolScoped)
    }
    for mapper in Base.registry.mappers:
        table = mapper.local_table
        for key in table.foreign_key_constraints:
            if str(key.referred_table.name) in scoped and str(table.name) in scoped:
                columns = {column.name for column in key.columns}
                assert "school_id" in columns, f"{table.name}.{columns}: use together(…)"
    assert len(list(parents())) >= 15


def test_the_keys_refuse_what_passes_the_orm(world):
    """The statement that the ORM's criteria cannot judge: a foreign key in an update's values."""
    cabinet, code = world.cabinets[f"{OTHER}/01"], world.items[f"{HOME}/01"][0]
    session = acting(world.technician)

    session.execute(update(Thing).where(Thing.code == code).values(home_id=cabinet))
    with pytest.raises(IntegrityError):
        session.commit()
    session.rollback()
    acting(OPERATOR)
    assert db.session.get(Thing, (HOME, code)).home_id != cabinet


@pytest.fixture
def fuller(world):
    """The small world with a count, its sightings, printed cards and an import in each school."""
    for number, school in enumerate((HOME, OTHER)):
        acting(OPERATOR)
        place = place_by_code(db.session(), world.cabinets[f"{school}/01"])
        transact(lambda session, place=place: _more(session, place, world))
        count = transact(lambda s, place=place: open_count(s, OPERATOR, place=place, at=NOON))
        scan = Incoming("d", number, NOON, world.items[f"{school}/01"][0], task=count.id)
        submission = Submission(OPERATOR, NOON, (scan,))
        with db.engine.connect().execution_options(**{WRITES: True}) as connection:
            take_in_all(connection, [submission], TASKS, actors_by_token)
            connection.commit()
    return world


def _more(session, place, world):
    school = place.school_id
    note_card_printed(
        session, OPERATOR, school_id=school, cabinet_id=place.id, contents="x" * 64, at=NOON
    )
    bulk = bulk_service.begin(
        session, OPERATOR, sort=BulkSort.MOVE, to=place.id, school_id=school, at=NOON
    )
    bulk_service.go_on(
        session, OPERATOR, bulk_id=bulk, school_id=school, codes=world.items[f"{school}/01"][1:],
        at=NOON,
    )  # fmt: skip
    session.add(
        Import(school_id=school, id=f"i{school}", file="f", digest="d", staged_at=NOON,
               staged_by="x", rooms="[]")
    )  # fmt: skip
    kind = session.scalar(select(Kind.id).where(Kind.school_id == school).limit(1))
    session.add(
        KindCode(school_id=school, kind_id=kind, ordinal=0, system="", edition="", code="1")
    )
    session.flush()
    session.add(
        ImportRow(school_id=school, import_id=f"i{school}", n=0, line_key="k", sheet="s", row=1,
                  record="{}", managed_as="item", status="new", differs="", quantity=1,
                  equipment_class="", location="", lot="l")
    )  # fmt: skip
    document = session.scalar(select(Document.id).where(Document.school_id == school))
    code = world.items[f"{school}/01"][0]
    keys = {"school_id": school, "document_id": document}
    session.add(DocumentLine(**keys, n=1, code=code, quantity=1))
    session.add(DocumentStep(**keys, round=1, n=1, role="principal", on_paper=False))
    keeper = session.scalar(select(Thing.keeper_id).where(Thing.school_id == school).limit(1))
    session.add(
        CardCheck(school_id=school, id=f"c{school}", cabinet_id=place.id, version=1,
                  contents="x", is_right=True, checked_at=NOON, checked_by="x")
    )  # fmt: skip
    session.add(
        Loan(**keys, id=f"l{school}", code=code, person_id=keeper, quantity=1, lent_at=NOON)
    )
    of_it = {"school_id": school, "import_id": f"i{school}", "n": 0}
    session.add(ImportPart(**of_it, content=b""))
    session.add(
        ImportFault(**of_it, sheet="s", row=1, field="*", code="c", severity="error", raw=None)
    )
    session.add(
        ColumnChoice(school_id=school, fingerprint="f", columns="{}", chosen_at=NOON, chosen_by="x")
    )


@pytest.mark.parametrize(("table", "columns"), sorted(parents()))
def test_each_table_refuses_a_parent_of_another_school(fuller, table, columns):
    """Every reference of every table, turned to a row that only the other school has."""
    session = acting(OPERATOR)
    found = look_into(db.engine).get_foreign_keys(table)
    key = next(key for key in found if key["constrained_columns"] == columns)
    pairs = zip(columns, key["referred_columns"], strict=True)
    [(own, target)] = [pair for pair in pairs if pair[0] != "school_id"]
    parent = key["referred_table"]
    foreign = session.scalar(
        text(
            f'SELECT {target} FROM "{parent}" AS theirs WHERE school_id = :other AND NOT EXISTS'
            f' (SELECT 1 FROM "{parent}" WHERE school_id = :home AND {target} = theirs.{target})'
        ).bindparams(other=OTHER, home=HOME)
    )
    row = "ctid" if db.engine.dialect.name == "postgresql" else "rowid"
    one = f'SELECT {row} FROM "{table}" WHERE school_id = :home LIMIT 1'
    turn = text(f'UPDATE "{table}" SET {own} = :foreign WHERE {row} = ({one})')

    def attach():
        assert session.execute(turn.bindparams(foreign=foreign, home=HOME)).rowcount == 1
        session.commit()

    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        attach()
    session.rollback()


OF_THE_DEPLOYMENT = ("inventory.backups.store.", "inventory.staff.store.")
"""Backups and the end of the demonstration are about all that there is, for the operator alone."""
SCOPES = {"schools", "school_id", "owner", "submissions", "events", "rows", "keys"}
"""Names under which a function of `store.py` takes its scope, or rows that carry their school."""
OF_NO_SCHOOL = {
    "inventory.identity.store.bearers": "found by the hash of a secret",
    "inventory.identity.store.bearers_alone": "found by the hash of a secret",
    "inventory.places.store.school_names": "number and name of schools, which are no secret",
    "inventory.journal.store.head": "of one chain, which is a school's",
    "inventory.journal.store.links": "of one chain, which is a school's",
    "inventory.journal.store.instant": "no statement",
    "inventory.counting.store.counts": "returns each one's school, and the task asks for it",
    "inventory.scanning.store.note_affixed": "the codes come from a look that was scoped",
    "inventory.scanning.store.lock_devices": "locks nothing that can be read",
}


def stores():
    for path in sorted(Path(inventory.__file__).parent.glob("*/store.py")):
        module = import_module(f"inventory.{path.parent.name}.store")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_"):
                whole = f"{module.__name__}.{name}"
                if not whole.startswith(OF_THE_DEPLOYMENT):
                    yield whole, function


@pytest.mark.parametrize(("name", "function"), list(stores()))
def test_sql_below_the_orm_takes_its_scope_as_a_required_argument(name, function):
    scopes = [one for one in inspect.signature(function).parameters.values() if one.name in SCOPES]
    if name in OF_NO_SCHOOL:
        assert not scopes, f"{name} has a scope now: take it off the list"
        return
    assert scopes, f"{name}: take the schools, or say in OF_NO_SCHOOL why there is none"
    assert all(one.default is inspect.Parameter.empty for one in scopes), name
