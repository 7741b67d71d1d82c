"""Ledgers in all the ways that schools write them: the planted faults are found, no other."""

from __future__ import annotations

import pytest
from varied_ledgers import FORMS, make

from inventory.exchange.rules import Location, read_roster
from inventory.exchange.rules.doubtful import doubtful
from inventory.exchange.rules.headers import Source
from inventory.exchange.rules.lines import first_header
from inventory.exchange.workbook import open_workbook
from tests.scoring import NOTHING, score

SEEDS = range(4)
PLANTED = {
    "fullwidth",
    "whitespace",
    "newline",
    "code_as_number",
    "number_as_text",
    "date_partial",
    "date_serial",
    "quantity_with_unit",
    "price_format",
    "location_format",
    "location_missing",
    "merged_filled",
    "unit_conflict",
    "code_name_conflict",
    "voucher_conflict",
    "amount_mismatch",
    "formula_error",
    "formula_injection",
    "code_missing",
    "code_format",
    "quantity_not_number",
    "quantity_negative",
    "date_invalid",
    "location_incomplete",
    "location_unknown",
    "name_missing",
    "duplicate_row",
    "row_shifted",
}


def reading(ledger):
    return read_roster(open_workbook(ledger.content, ledger.file)).as_json()


def scored(form, words, seeds=SEEDS):
    total = NOTHING
    for seed in seeds:
        ledger = make(seed, form, words=words)
        total += score(reading(ledger), ledger.truth)
    return total


@pytest.mark.parametrize("form", FORMS)
def test_faults_are_found_whatever_the_words_the_order_and_the_format(form):
    found = scored(form, "known")

    assert found.planted > 40
    assert found.passes, found


@pytest.mark.parametrize("form", FORMS)
def test_columns_are_known_by_what_stands_in_them_where_the_header_is_odd(form):
    found = scored(form, "odd")

    assert found.passes, found


@pytest.mark.parametrize("form", ["xlsx", "csv", "html"])
def test_a_ledger_without_any_header_is_read_by_what_stands_in_it(form):
    found = scored(form, "none")

    # A number of a finance card or two tell nobody what their column is.
    assert (found.recall, found.precision) == (1, 1), found
    assert found.equality > 0.95


def test_every_sort_of_fault_is_planted():
    codes = {
        fault["code"]
        for seed in range(6)
        for form in ("xlsx", "csv")
        for fault in make(seed, form).truth["faults"]
    }

    assert codes == PLANTED


def test_what_is_learned_is_said():
    ledger = make(2, "xlsx", words="odd")
    sheet = open_workbook(ledger.content, ledger.file).sheets[1]
    header = first_header(sheet)

    assert set(header.sources.values()) == {Source.WORD, Source.CONTENT}
    odd = {field for field, word in ledger.style.words.items() if word in ("栏甲", "其二", "")}
    assert {field for field, source in header.sources.items() if source is Source.CONTENT} == odd


def test_a_place_far_from_all_others_stands_out():
    usual = [Location("药品1", n % 5 + 1, 1) for n in range(30)]

    assert doubtful(usual) == frozenset()
    slips = [Location("药品1", 88, 4), Location("药品9", 1, 1)]
    assert doubtful([*usual, *slips]) == {("药品1", 88), ("药品9", None)}
    assert doubtful([*usual, Location("药品2", 1, 1), Location("药品1", 6, 1)]) == frozenset()
    assert doubtful([*usual[:10], *slips]) == frozenset()
