"""Scenario 6: two thousand rows of which twelve are bad, in both languages."""

import re

from sqlalchemy import func, select

from inventory.db import db
from inventory.ledger.models import LedgerLine
from inventory.scope import OPERATOR
from tests.unit.services.test_import_service import ledger
from tests.web.test_document_pages import agrees
from tests.web.test_import_pages import upload
from tests.world import HOME, acting

ROWS, BAD = 2_000, 12
REASONS = {
    "zh-CN": ("没有这个室或柜", "小于零", "不是目录编号", "重复"),
    "en": ("no such room or cabinet", "below zero", "no catalogue code", "repeats an earlier one"),
}


def rows():
    """Batches in four shelves, and three rows each of four sorts that cannot come in."""
    good = [
        [f"{10000 + n}", f"器材{n}号", f"{n}型", "个", n % 50 + 1, 2.5,
         f"科仪1-0{n % 2 + 1}-{n % 2 + 1}", "王芳"] for n in range(ROWS - BAD)
    ]  # fmt: skip
    bad = []
    for n in range(3):
        bad += [
            ["20001", f"无柜{n}", "", "个", 1, 1, "科仪1-77-1", "王芳"],
            ["20002", f"负数{n}", "", "个", -n - 1, 1, "科仪1-01-1", "王芳"],
            ["1234567", f"长号{n}", "", "个", 1, 1, "科仪1-01-1", "王芳"],
            list(good[n]),
        ]
    return good + bad


def lines():
    acting(OPERATOR)
    db.session.rollback()
    query = select(func.count(), func.sum(LedgerLine.quantity))
    return tuple(db.session.execute(query.where(LedgerLine.school_id == HOME)).one())


def carry_out(client, address):
    while "application" in client.get(address).text:
        if client.post(f"{address}/application", data={}).status_code != 302:
            break


def test_bad_rows_are_named_and_good_ones_come_in_once(client_for, tmp_path):
    client = client_for("technician")
    content = ledger(tmp_path, *rows()).read_bytes()
    before = lines()
    staged = upload(client, content).location
    for language, reasons in REASONS.items():
        client.post("/language", data={"language": language})
        page = client.get(staged).text
        for reason in reasons:
            assert reason in page, reason
        assert re.search(r"\b12\b", page)
        # Each bad row with its line in the file: the header is line 1.
        for line in (ROWS - BAD + 2, ROWS + 1):
            assert f"科学 · {line}" in page
    assert lines() == before, "nothing is written before it is confirmed"

    carry_out(client, staged)
    after = lines()
    assert after[0] - before[0] == ROWS - BAD
    agrees()

    again = upload(client, content).location
    carry_out(client, again)
    assert lines() == after, "sent twice, it comes in once"
