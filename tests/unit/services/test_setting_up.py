"""The first administrator, and throwing the demonstration away: on both engines."""

import pytest
from sqlalchemy import func, select

from inventory.base import Base
from inventory.config import is_address, write_settings
from inventory.db import db, transact
from inventory.errors import AlreadySetUp, HoldsDemonstration, UnsafeSetting
from inventory.identity.models import Person
from inventory.places.models import School
from inventory.scope import OPERATOR
from inventory.staff.service import Beginning, set_up
from inventory.staff.store import empty_every_table, others_connected
from tests.world import HOME, NOON, acting

BEGINNING = Beginning(
    login="wang", name="王芳", password="a long password", school_id=HOME, school="昌化初中",
    stage="初中", url="http://192.168.1.20:8000", language="zh-CN",
)  # fmt: skip


def begin(beginning=BEGINNING):
    acting(OPERATOR)
    return transact(lambda session: set_up(session, OPERATOR, beginning, at=NOON))


@pytest.fixture
def emptied(world):
    """A database of which every row was thrown away."""
    acting(OPERATOR)
    transact(lambda session: empty_every_table(session.connection()))
    return world


def test_everything_is_thrown_away_and_a_school_begins_on_what_is_left(emptied):
    acting(OPERATOR)
    for table in Base.metadata.sorted_tables:
        assert db.session.scalar(select(func.count()).select_from(table)) == 0, table.name

    person = begin()

    assert (person.school_id, person.role) == (HOME, "administrator")
    assert db.session.get(School, HOME).name == "昌化初中"
    with pytest.raises(AlreadySetUp):
        begin()


def test_a_school_that_an_import_entered_is_taken_as_it_is(world):
    for person in db.session.scalars(select(Person)):
        person.password_hash = None
    db.session.commit()

    assert begin().school_id == HOME


def test_others_on_the_database_are_noticed(world):
    acting(OPERATOR)
    assert others_connected(db.session.connection()) == 0
    db.session.rollback()  # PostgreSQL shows one transaction the same picture
    with db.engine.connect() as other:
        other.exec_driver_sql("SELECT 1")
        expected = 1 if db.engine.dialect.name == "postgresql" else 0
        assert others_connected(db.session.connection()) == expected


def test_the_demonstration_is_nothing_to_begin_on(world):
    for person in db.session.scalars(select(Person)):
        person.is_demonstration = True
    db.session.commit()

    with pytest.raises(HoldsDemonstration):
        begin()


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("http://192.168.1.20:8000", True), ("https://tally.example.org/", True),
        ("http://[fd00::1]:8000", True), ("tally.example.org", False), ("ftp://a.example", False),
        ("https://a.example/x", False), ("https://a.example?x", False), ("http://", False),
        ("https://u@a.example", False), ("http://a b", False), ("http://a:x", False), ("", False),
    ],
)  # fmt: skip
def test_what_is_a_public_address(url, right):
    assert is_address(url) == right


def test_settings_are_merged_and_nothing_is_lost(tmp_path):
    file = tmp_path / "tallycard.toml"
    file.write_text('# ours\nhosts = [\n  "a.example",\n]\nurl = "http://old"  # was\n')

    write_settings(tmp_path, {"url": "http://new", "language": "en"})

    assert file.read_text() == (
        '# ours\nhosts = [\n  "a.example",\n]\nurl = "http://new"\nlanguage = "en"\n'
    )
    file.write_text('url = """\nhttp://old"""\n')
    with pytest.raises(UnsafeSetting):
        write_settings(tmp_path, {"url": "http://new"})
    assert file.read_text() == 'url = """\nhttp://old"""\n'
