"""First placing with a scanner alone: everything ends with Enter, nothing is clicked."""

from sqlalchemy import select

from inventory.catalogue.models import Kind
from inventory.db import db, transact
from inventory.ledger import service as ledger
from inventory.ledger.service import Entry
from inventory.places import queries as places
from inventory.register import queries, service
from inventory.scope import OPERATOR
from tests.world import HOME, NOON, acting


def enter(name, n):
    acting(OPERATOR)
    kind = db.session.scalar(select(Kind).where(Kind.school_id == HOME, Kind.name == name))
    transact(
        lambda s: (
            ledger.enter_things(
                s, OPERATOR, Entry(kind.id, n, "unplaced"), school_id=HOME, at=NOON
            ).codes
        )
    )


def scanned(page, text):
    """What a scanner does: it types quickly where the cursor is, and Enter."""
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.wait_for_load_state()


def test_a_line_is_placed_by_scanner_and_keyboard_alone(visit, sqlite_world):
    enter("烧杯 01", 40)
    first, second = transact(lambda s: service.mint(s, OPERATOR, count=2, at=NOON))
    shelf = places.inside(db.session(), HOME, sqlite_world.cabinets[f"{HOME}/02"])[0]
    page = visit("technician", language="en")
    page.goto("/placing")

    scanned(page, shelf.id)
    page.wait_for_selector("#label:focus")
    scanned(page, first)
    page.wait_for_selector("#words:focus")
    scanned(page, "sb")
    page.wait_for_selector("#quantity:focus")
    page.locator("#quantity:focus").fill("15")
    page.keyboard.press("Enter")
    page.wait_for_url("**/placing?place=*code=*")

    page.wait_for_selector("#label:focus")
    scanned(page, second)
    page.wait_for_selector("#words:focus")
    scanned(page, "sb")
    page.wait_for_selector("#quantity:focus")
    assert page.locator("#quantity").input_value() == "25"
    acting(OPERATOR)
    assert queries.thing(db.session(), first).quantity == 15
