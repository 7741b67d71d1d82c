"""The page and the sheet of attainment and gaps: filters, money, drilling, and the walls."""

from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import update

from inventory.catalogue.models import Kind
from inventory.db import db, transact
from inventory.scope import OPERATOR
from tests.statements import asked_of
from tests.unit.services.test_attainment import CLAMP, FLASK, GLASS, SCALE, bring_in
from tests.world import HOME, OTHER, acting


@pytest.fixture
def needs(sqlite_world, tmp_path):
    acting(OPERATOR)
    transact(lambda s: s.execute(update(Kind).values(required=None)))
    bring_in(tmp_path, HOME, SCALE, CLAMP, FLASK, GLASS)
    bring_in(tmp_path, OTHER, [*SCALE[:4], 1, 6, 777, "东室-01-1"], [*CLAMP[:4], 90, 2, 1, None])
    return sqlite_world


def english(client):
    client.post("/language", data={"language": "en"})
    return client


def test_a_school_sees_its_lines_and_what_others_have_idle(needs, client_for, look):
    client = english(client_for("teacher"))

    page = look(client, "/attainment")

    for told in (
        "91.6 %",
        "电子秤",
        "烧瓶",
        "600.00",
        "—",
        "1 of 3",
        "Idle elsewhere",
        "1 line with",
    ):
        assert told in page.words, told
    assert "玻棒" not in page.words
    assert "777" not in page.words  # nobody else's price
    assert "9%" not in page.words
    only = look(client, "/attainment?gaps=1").words
    assert "试管夹" not in only
    assert "烧瓶" in only
    assert look(client, "/attainment?subject=%E9%9F%B3%E4%B9%90")


def test_the_bureau_sees_schools_and_goes_into_each(needs, client_for, look):
    client = english(client_for("officer"))
    page = look(client, "/attainment")
    assert "电子秤" not in page.words

    assert f'href="/attainment?school={OTHER}"' in client.get("/attainment").get_data(as_text=True)
    theirs = look(client, f"/attainment?school={OTHER}")
    assert "777.00" in theirs.words
    assert "To spare" in theirs.words


def test_a_kind_leads_to_its_line(needs, client_for, look):
    client = english(client_for("technician"))
    acting(OPERATOR)
    kind = db.session.query(Kind).filter_by(school_id=HOME, name="烧瓶").one().id
    theirs = db.session.query(Kind).filter_by(school_id=OTHER, name="电子秤").one().id

    assert "/attainment?kind=" in client.get(f"/kinds/{kind}").get_data(as_text=True)
    page = look(client, f"/attainment?kind={kind}")
    assert "烧瓶" in page.words
    assert "电子秤" not in page.words
    assert client.get(f"/attainment?kind={theirs}").status_code == 404
    assert client.get(f"/attainment.xlsx?school={OTHER}&kind={theirs}").status_code == 404


def test_the_sheet_has_the_lines_of_the_page(needs, client_for):
    client = english(client_for("technician"))

    content = client.get("/attainment.xlsx?gaps=1").data

    rows = list(load_workbook(BytesIO(content)).active.iter_rows(values_only=True))
    table = [row for row in rows if row[0] and row[7] is not None]
    head, *lines, sums = table
    assert head[7:12] == ("Required", "Usable", "Attainment", "Gap", "To spare")
    assert [line[4] for line in lines] == ["电子秤", "烧瓶"]
    scale, flask = lines
    assert scale[7:16] == (4, 2, "50 %", 2, 0, 300, 1200, 600, 0)
    assert scale[16].endswith(" 5")
    assert (flask[12], flask[14]) == ("—", "—")
    assert (sums[0], sums[10], sums[14]) == ("Sum", 7, 600)
    everything = client.get("/attainment.xlsx").data
    assert len(everything) > len(content)


def test_a_page_of_many_lines_asks_as_much_as_one_of_few(needs, client_for, tmp_path):
    client = client_for("technician")

    def asked():
        with asked_of(db.engine) as seen:
            assert client.get("/attainment").status_code == 200
        return seen.statements

    asked()
    few = asked()
    acting(OPERATOR)
    bring_in(
        tmp_path, HOME,
        *([f"7{n:04}", f"试剂{n}", "500g", "瓶", 3, 1, 9, "新室-01-1"] for n in range(60)),
    )  # fmt: skip
    asked()
    assert asked() == few <= 14


def test_nothing_needed_is_a_dash_and_no_hundred_percent(sqlite_world, client_for, look):
    acting(OPERATOR)
    transact(lambda s: s.execute(update(Kind).values(required=None)))
    client = english(client_for("technician"))

    page = look(client, "/attainment")

    assert "No kind has a required quantity yet" in page.words
    assert "100 %" not in page.words


def test_the_bureau_is_told_what_is_new_and_asks_nothing_anew_for_what_is_not(
    needs, client_for, look, tmp_path
):
    client = english(client_for("officer"))

    def asked():
        with asked_of(db.engine) as seen:
            page = look(client, "/attainment")
        return page, seen.statements

    first, cold = asked()
    again, warm = asked()
    assert first.words == again.words
    assert warm < cold

    bring_in(tmp_path, HOME, ["61009", "漏斗", "60mm", "个", 50, 5, 2, "新室-01-2"])
    changed, statements = asked()
    assert changed.words != first.words
    assert warm < statements <= cold
