"""Large files stream: what is held in memory does not grow with the rows."""

from __future__ import annotations

import io
import tracemalloc

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.exchange.formats.spool import PART, Spool
from inventory.exchange.workbook import open_workbook

HEADER = ("仪器名称", "规格型号", "单位", "实有数量")
FEW, MANY = 2_000, 6_000
"""Both are beyond what a spool keeps in memory."""


def rows(count):
    yield HEADER
    for n in range(count):
        yield ("试管", f"ф{n % PART}mm {'平底 无刻度 高硼硅 ' * 50}", "支", n % 90)


def as_csv(count):
    return "\n".join(",".join(map(str, row)) for row in rows(count)).encode("gb18030")


def as_xlsx(count):
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("化学")
    for row in rows(count):
        sheet.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def held_while_reading(path):
    tracemalloc.start()
    try:
        read = sum(1 for _ in open_workbook(path).sheets[0].rows)
        return read, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("write", [as_csv, as_xlsx])
def test_three_times_the_rows_need_no_more_memory(write, tmp_path):
    held = {}
    for count in (FEW, MANY):
        path = tmp_path / f"{count}"
        path.write_bytes(write(count))
        read, held[count] = held_while_reading(path)
        assert read == count + 1

    assert held[MANY] < 1.5 * held[FEW], held
    assert held[MANY] < 8 * 2**20


@given(st.lists(st.integers(), max_size=4 * PART), st.data())
def test_a_spool_is_a_sequence_like_any_other(values, data):
    spool = Spool(values)

    assert list(spool) == list(spool) == values
    assert spool == values
    assert len(spool) == len(values)
    start = data.draw(st.integers(0, len(values)))
    stop = data.draw(st.integers(0, len(values) + 3))
    assert list(spool[start:stop]) == values[start:stop]
    assert list(spool[start:stop:3]) == values[start:stop:3]
    assert list(spool[::-1]) == values[::-1]
    if values:
        at = data.draw(st.integers(-len(values), len(values) - 1))
        assert spool[at] == values[at]
    with pytest.raises(IndexError):
        spool[len(values)]


def test_two_readers_of_one_spool_do_not_disturb_each_other():
    spool = Spool(range(3 * PART))

    assert all(one == two for one, two in zip(spool, spool, strict=True))


def test_rows_at_the_end_of_a_long_file_are_read_as_at_its_start(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(as_csv(500))
    found = open_workbook(path).sheets[0].rows

    assert found[500].cells[4].text == "49"
    assert found[-1].number == 501
    assert [row.number for row in found[199:202]] == [200, 201, 202]
