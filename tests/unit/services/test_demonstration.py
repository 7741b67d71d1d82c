"""The demonstration, whatever its size: all agrees, all is found, and it is the same every time."""

import pytest
from sqlalchemy import func, select

from inventory.app import create_app
from inventory.commands import demo
from inventory.commands.database import run_migrations, write_terms_again
from inventory.commands.verifying import examine
from inventory.db import db
from inventory.register import queries
from inventory.register.models import Thing
from inventory.scope import OPERATOR, bind
from inventory.search.models import SearchTerm
from tests.conftest import config_for


@pytest.fixture
def empty(tmp_path):
    app = create_app(config_for(tmp_path / "data"))
    with app.app_context():
        run_migrations()
        bind(db.session(), OPERATOR)
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.mark.usefixtures("empty")
def test_a_large_school_has_more_of_each_kind_and_all_agrees(monkeypatch):
    monkeypatch.setattr(demo, "LARGE", 60)
    monkeypatch.setattr(demo, "SLICE", 25)

    demo.load_district(2, 700, 7)

    session = db.session()
    bind(session, OPERATOR)
    assert 700 <= session.scalar(select(func.count()).select_from(Thing)) < 1_400
    report = examine(True, (), None)
    assert report["agrees"], report["differences"][:3]
    assert queries.search(session, "天平")[1] > 10
    before = _terms(session)
    write_terms_again()
    assert _terms(db.session()) == before


def _terms(session):
    rows = session.execute(select(SearchTerm.school_id, SearchTerm.sort, SearchTerm.term,
                                  SearchTerm.key))  # fmt: skip
    return {tuple(row) for row in rows}
