"""An import undone as a whole; places it may create; the template that is filled in."""

from io import BytesIO
from threading import Thread

import pytest
from flask import current_app
from openpyxl import load_workbook
from sqlalchemy import func, select, update

from inventory.base import table_of
from inventory.catalogue.models import Kind
from inventory.commands.verifying import examine
from inventory.counting.service import close_count, open_count
from inventory.db import db, transact
from inventory.errors import (
    AlreadyApplied,
    CannotUndoImport,
    ImportInUse,
    NotAllowed,
    NotFound,
    NothingToTakeBack,
)
from inventory.exchange import edge, queries, service
from inventory.exchange.formats.blank import FIELDS, Choices, blank
from inventory.exchange.models import ImportRow
from inventory.ledger import merging_service as merging
from inventory.ledger import service as ledger
from inventory.ledger.models import Document, LedgerLine
from inventory.places.queries import find_place, place_by_code, rooms
from inventory.register import service as register
from inventory.register.models import Code, Thing
from inventory.register.queries import search
from inventory.scope import OPERATOR
from tests.unit.services.test_by_hand import act, agrees, enter, kind_named, shelf_of, sums_to_zero
from tests.unit.services.test_import_service import (
    CLAMP,
    SCALE,
    bring_in,
    carry_out,
    stage,
)  # fmt: skip
from tests.unit.services.test_import_service import (
    ledger as ledger_file,
)
from tests.world import HOME, NOON, OTHER, acting, minutes

BEAKER = ["61001", "烧杯 01", "100mL ℃ Ω ①", "个", 6, 5, "科仪1-01-1", "王芳"]


def undo(import_id, at=NOON, turns=500):
    done = 0
    while done < turns and transact(
        lambda s: service.undo_slice(s, OPERATOR, import_id=import_id, at=at)
    ):
        done += 1
    return done


def things_of(import_id):
    made = db.session.scalars(select(ImportRow.made).where(ImportRow.import_id == import_id))
    read = [queries.Made.read(text) for text in made]
    return [code for one in read for code in (*one.things, *filter(None, [one.batch]))]


def count_of(model):
    return db.session.scalar(select(func.count()).select_from(model))


def test_everything_that_an_import_made_is_taken_back_and_nothing_is_deleted(world, tmp_path):
    before = agrees()["things"]
    head = bring_in(ledger_file(tmp_path, SCALE, CLAMP))
    codes = things_of(head.id)
    lines = count_of(LedgerLine)

    undo(head.id, minutes(5))

    head = queries.head(db.session(), head.id)
    assert head.undone_at == minutes(5)
    assert head.statuses == {"undone": 2}
    assert agrees()["things"] == before
    assert count_of(LedgerLine) == lines + 2
    assert db.session.scalar(select(func.sum(LedgerLine.quantity)).where(
        LedgerLine.document_id.in_(select(Document.id).where(Document.type == "reversal"))
    )) == -32  # fmt: skip
    assert len(codes) == 3
    assert all(db.session.get(Code, code).retired_at for code in codes)
    assert find_place(db.session(), "新室", HOME) == []
    assert search(db.session(), "试管夹")[1] == 0
    assert kind_named("试管夹").retired_at is not None
    sums_to_zero()
    assert undo(head.id) == 0, "asking again changes nothing"


def test_what_is_being_carried_out_is_not_thrown_away_meanwhile(world, tmp_path):
    """Else its things would be there, and nothing that says whose they are."""
    import_id = stage(ledger_file(tmp_path, SCALE, CLAMP))
    app, told = current_app._get_current_object(), []

    def throw_away():
        with app.app_context():
            acting(OPERATOR)
            try:
                transact(lambda s: service.discard(s, OPERATOR, import_id=import_id))
            except AlreadyApplied as refusal:
                told.append(refusal)
            db.session.remove()

    other = Thread(target=throw_away)

    def carry_on(session):
        service.apply_slice(session, OPERATOR, import_id=import_id, at=NOON)
        other.start()
        other.join(1)  # it has looked, or waits

    transact(carry_on)
    other.join()

    assert len(told) == 1
    assert queries.head(db.session(), import_id) is not None


def test_the_same_file_comes_in_again_with_new_codes(world, tmp_path):
    file = ledger_file(tmp_path, SCALE, CLAMP)
    first = bring_in(file)
    old = set(things_of(first.id))
    undo(first.id)

    second = bring_in(file)
    assert second.statuses == {"done": 2}
    assert len(set(things_of(second.id)) - old) == 3
    assert agrees()["things"] == 2 * 327 + 32
    undo(second.id)
    third = bring_in(file)
    assert third.done == 2
    agrees()
    assert count_of(Kind) == 12 + 2, "the kinds are the same ones"


def test_what_was_there_before_stays(world, tmp_path):
    head = bring_in(ledger_file(tmp_path, BEAKER))
    batch = world.batches[f"{HOME}/01"][0]
    assert search(db.session(), batch)[0][0].quantity == 30

    undo(head.id)

    assert search(db.session(), batch)[0][0].quantity == 24
    assert db.session.get(Code, batch).retired_at is None
    assert kind_named("烧杯 01").retired_at is None
    agrees()


def test_a_batch_that_grew_by_something_else_keeps_that_much(world, tmp_path):
    head = bring_in(ledger_file(tmp_path, CLAMP))
    [code] = things_of(head.id)
    clamp = kind_named("试管夹")
    place = db.session.get(Thing, (HOME, code)).home_id
    enter(clamp, place, 4)

    undo(head.id)

    assert search(db.session(), "试管夹")[0][0].quantity == 4
    assert clamp.retired_at is None
    assert len(find_place(db.session(), "新室-01-1", HOME)) == 1
    agrees()


def test_what_was_moved_retired_or_counted_is_in_the_way_and_named(world, tmp_path):
    head = bring_in(ledger_file(tmp_path, SCALE, CLAMP))
    first, second, batch = things_of(head.id)
    act(register.move_thing, code=first, to=shelf_of(world, "01", "1"))
    act(ledger.retire_thing, code=second, reason="x")
    act(register.move_thing, code=batch, to=shelf_of(world, "01", "1"), quantity=3)

    with pytest.raises(ImportInUse) as refused:
        undo(head.id)
    assert refused.value.data["count"] == 3
    found = {one.code: one.reason for one in queries.obstacles(db.session(), head)}
    assert found == {first: "moved", second: "retired", batch: "fewer"}
    assert queries.head(db.session(), head.id).undo_begun_at is None
    agrees()


def test_a_count_is_in_the_way_when_it_saw_the_things_since(world, tmp_path):
    head = bring_in(ledger_file(tmp_path, BEAKER, CLAMP))
    place = find_place(db.session(), "新室-01", HOME)[0]
    count = transact(lambda s: open_count(s, OPERATOR, place=place, at=minutes(1)))
    [one] = queries.obstacles(db.session(), head)
    assert one.reason == "being_counted"
    transact(lambda s: close_count(s, OPERATOR, count_id=count.id, at=minutes(2)))
    [one] = queries.obstacles(db.session(), head)
    assert (one.reason, one.where) == ("counted", place.title)


def test_a_count_that_was_closed_before_is_not_in_the_way(world, tmp_path):
    place = place_by_code(db.session(), world.cabinets[f"{HOME}/01"])
    count = transact(lambda s: open_count(s, OPERATOR, place=place, at=minutes(-9)))
    transact(lambda s: close_count(s, OPERATOR, count_id=count.id, at=minutes(-8)))
    head = bring_in(ledger_file(tmp_path, BEAKER))
    undo(head.id)
    agrees()


def many(tmp_path):
    rows = [
        ["64007", f"试管 {n}", "", "支", 5, 1, f"新室-0{n % 3}-1", "王芳"] for n in range(1, 60)
    ]
    return ledger_file(tmp_path, *rows, SCALE)


def test_an_undo_that_was_cut_off_goes_on_and_everything_agrees_in_between(world, tmp_path):
    head = bring_in(many(tmp_path))
    for _ in range(40):
        left = undo(head.id, turns=1)
        agrees()
        if not left:
            break
    assert queries.head(db.session(), head.id).undone_at is not None
    assert agrees()["things"] == 2 * 327
    assert len(rooms(db.session(), HOME)) == 1


def test_a_half_applied_import_is_undone_and_cannot_go_on(world, tmp_path):
    import_id = stage(many(tmp_path))
    while not queries.head(db.session(), import_id).done:
        transact(lambda s: service.apply_slice(s, OPERATOR, import_id=import_id, at=NOON))
    assert 0 < queries.head(db.session(), import_id).done < 60
    undo(import_id, turns=1)
    with pytest.raises(AlreadyApplied):
        carry_out(import_id)
    undo(import_id)
    assert queries.head(db.session(), import_id).statuses == {"undone": 60}
    assert agrees()["things"] == 2 * 327


def test_something_that_comes_in_the_way_meanwhile_stops_it_and_can_be_mended(world, tmp_path):
    head = bring_in(many(tmp_path))
    undo(head.id, turns=2)
    code = things_of(head.id)[0]
    home = db.session.get(Thing, (HOME, code)).home_id
    act(register.move_thing, code=code, to=shelf_of(world, "01", "1"))
    with pytest.raises(ImportInUse):
        undo(head.id)
    agrees()
    act(register.move_thing, code=code, to=home)
    undo(head.id)
    assert agrees()["things"] == 2 * 327


def test_an_import_of_an_earlier_release_is_not_guessed_at(world, tmp_path):
    head = bring_in(ledger_file(tmp_path, SCALE))
    transact(lambda s: s.connection().execute(update(table_of(ImportRow)).values(made=None)))
    with pytest.raises(CannotUndoImport):
        undo(head.id)
    head = queries.head(db.session(), head.id)
    assert not head.can_be_undone
    assert queries.obstacles(db.session(), head) == []


def test_what_was_only_staged_is_thrown_away_and_not_undone(world, tmp_path):
    import_id = stage(ledger_file(tmp_path, SCALE))
    with pytest.raises(NothingToTakeBack):
        undo(import_id)
    transact(lambda s: service.discard(s, OPERATOR, import_id=import_id))
    assert queries.head(db.session(), import_id) is None
    done = bring_in(ledger_file(tmp_path, SCALE))
    with pytest.raises(AlreadyApplied):
        transact(lambda s: service.discard(s, OPERATOR, import_id=done.id))


def test_only_who_may_and_only_in_the_own_school(world, tmp_path):
    head = bring_in(ledger_file(tmp_path, SCALE))
    for login, refusal in (("stranger", NotFound), ("teacher", NotAllowed)):
        session = acting(world.people[login])
        for ask in (service.undo_slice, service.discard):
            more = {"at": NOON} if ask is service.undo_slice else {}
            with pytest.raises(refusal):
                ask(session, world.people[login], import_id=head.id, **more)
    acting(OPERATOR)


# --- places that the school lacks ----------------------------------------------------------


def staged_with_rooms(path):
    """As the page stages it: judged by the rooms that the school has."""
    roster = service.read(path, path.name, service.known_rooms(db.session(), HOME))
    planned = service.plan(db.session(), OPERATOR, roster, school_id=HOME, item_price_yuan=500)
    return edge.stage(OPERATOR, planned, digest="x", at=NOON)


def test_new_rooms_come_in_only_when_somebody_says_so(world, tmp_path):
    file = ledger_file(tmp_path, SCALE, BEAKER)
    import_id = staged_with_rooms(file)
    head = queries.head(db.session(), import_id)
    assert queries.places_to_set_up(db.session(), head) == (["新室-01-1"], 1, False)
    assert (head.total, head.without_place) == (1, 1)

    def choose(set_up):
        return transact(
            lambda s: service.choose_places(s, OPERATOR, import_id=import_id, set_up=set_up)
        )

    assert (choose(True), choose(True), choose(False), choose(True)) == (1, 0, 1, 1)
    carry_out(import_id)
    assert len(find_place(db.session(), "新室-01-1", HOME)) == 1
    assert agrees()["things"] == 2 * 327 + 8


def test_without_saying_so_they_stay_out(world, tmp_path):
    import_id = staged_with_rooms(ledger_file(tmp_path, SCALE, BEAKER))
    carry_out(import_id)
    assert find_place(db.session(), "新室", HOME) == []
    assert queries.head(db.session(), import_id).statuses == {"done": 1, "no_place": 1}
    undo(import_id)
    assert agrees()["things"] == 2 * 327


# --- the template --------------------------------------------------------------------------


def filled(content, *rows):
    book = load_workbook(BytesIO(content))
    sheet = book.worksheets[0]
    for number, values in enumerate(rows, start=3):
        for field, value in values.items():
            sheet.cell(number, FIELDS.index(field) + 1, value)
    file = BytesIO()
    book.save(file)
    return file.getvalue(), book


ROW = {
    "code": "02003", "name": "试管夹", "spec": "木质", "unit": "个", "equipment_class": "工具",
    "quantity": 30, "unit_price": 2.5, "purchase_date": "2024-09-01", "location": "科仪1-01-1",
    "keeper": "王芳", "voucher": "0007",
}  # fmt: skip


def test_the_template_filled_in_comes_in_without_faults(world):
    content = blank("科学", Choices(["个", "台"], ["工具"], ["科仪1-01-1"]), "说明", [("a", "b")])
    content, book = filled(content, ROW, ROW | {"name": "电子秤", "code": "11003", "quantity": 2})

    roster = service.read(content, "x.xlsx", service.known_rooms(db.session(), HOME))

    assert [fault.as_json() for fault in roster.faults] == []
    assert [record.name for record in roster.records] == ["试管夹", "电子秤"]
    first = roster.records[0]
    assert (first.equipment_class, first.voucher, first.code) == ("工具", "0007", "02003")
    rules = book.worksheets[0].data_validations.dataValidation
    assert len(rules) == 5  # class, unit, place, source, condition
    assert book.worksheets[0].cell(3, FIELDS.index("code") + 1).number_format == "@"


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_template_of_a_school_is_in_the_readers_language(client_for, sqlite_world, language):
    client = client_for("technician")
    client.post("/language", data={"language": language})
    answer = client.get("/imports/template.xlsx")
    assert answer.status_code == 200
    content, book = filled(answer.data, ROW)
    assert book.sheetnames[0] == "科学"
    title = book["填写说明"]["A1"].value
    assert title == {"zh-CN": "填写说明", "en": "How to fill this in"}[language]
    acting(OPERATOR)
    roster = service.read(content, "x.xlsx", service.known_rooms(db.session(), HOME))
    assert roster.faults == ()
    assert roster.school_id is None
    assert len(roster.records) == 1


def test_the_template_of_another_school_is_not_there(client_for):
    admin = client_for("admin")
    assert admin.get(f"/imports/template.xlsx?school={OTHER}").status_code == 200
    assert admin.get("/imports/template.xlsx?school=1234567890").status_code == 404
    assert client_for("teacher").get("/imports/template.xlsx").status_code == 403


def test_verify_agrees_after_all_of_it(world, tmp_path):
    head = bring_in(ledger_file(tmp_path, SCALE, CLAMP))
    undo(head.id)
    bring_in(ledger_file(tmp_path, SCALE, CLAMP, name="2.xlsx"))
    assert examine(True, (), None)["agrees"]


def test_what_was_merged_meanwhile_comes_in_again_and_is_taken_back_where_it_is_now(
    sqlite_world, tmp_path
):
    before = agrees()["things"]
    head = bring_in(ledger_file(tmp_path, SCALE, CLAMP))
    act(
        merging.merge_kinds, kind_id=kind_named("试管夹").id, into=kind_named("烧杯 01").id,
        at=minutes(1),
    )  # fmt: skip
    agrees()

    undo(head.id, minutes(5))

    assert agrees()["things"] == before
    sums_to_zero()
