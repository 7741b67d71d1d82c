"""The same ledger imported again is recognised line by line, and its changes are named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_ledgers import HEADER, good_row, make_sheet, roster_of

from inventory.exchange.rules import differences, kind_key, line_key, with_line_keys


@pytest.fixture
def record():
    return roster_of(make_sheet(HEADER, good_row())).records[0]


def test_a_line_s_key_never_changes(record):
    """The key is stored with what was imported, so its value is a promise."""
    assert line_key(record, 0) == (
        "fb6458393d4d8754a1cb38a36ef49e5068d957545addc30ff6c65fc93dca6a4d"
    )


@pytest.mark.parametrize(
    "field", ["code", "name", "spec", "unit", "voucher", "finance_card", "sheet"]
)
def test_what_identifies_a_line_changes_its_key(record, field):
    assert line_key(replace(record, **{field: "else"}), 0) != line_key(record, 0)


@pytest.mark.parametrize(
    "field", ["row", "quantity", "unit_price", "purchase_date", "location", "keeper", "note"]
)
def test_what_may_be_corrected_does_not(record, field):
    assert line_key(replace(record, **{field: None}), 0) == line_key(record, 0)


def test_equal_lines_are_told_apart_by_their_order(record):
    other = replace(record, voucher="else")
    keys = [key for key, _ in with_line_keys([record, other, record, record])]
    assert len(set(keys)) == 4
    assert keys == [
        line_key(record, 0), line_key(other, 0), line_key(record, 1), line_key(record, 2),
    ]  # fmt: skip


def test_empty_and_unknown_are_not_confused_between_fields(record):
    one, other = replace(record, code="a", spec=None), replace(record, code=None, spec="a")
    assert line_key(one, 0) != line_key(other, 0)


def test_a_kind_is_one_within_its_subject(record):
    assert kind_key(record) == ("科学", "24001", "条形磁铁", "D-CG-LT-180", "对")
    assert kind_key(replace(record, sheet="")).subject == ""


def test_differences_are_named_in_order(record):
    assert differences(record, replace(record, row=9, voucher="else")) == ()
    new = replace(record, note="新", quantity=30, location=None, required=1)
    assert differences(record, new) == ("required", "quantity", "location", "note")
