"""Papers: what stands on which page."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labels import (
    Column,
    Document,
    InvalidDocument,
    LabelTooSmall,
    MissingGlyph,
    Section,
    document_pages,
    read_back,
    render_document,
)
from labels.drawing import Area, Page, PlacedSymbol, Text

COLUMNS = (
    Column("序号", 10, "right"),
    Column("仪器编号"),
    Column("名称"),
    Column("规格型号"),
    Column("数量", align="right"),
)


def rows(count: int, mark: str = "量筒") -> tuple[tuple[str, ...], ...]:
    return tuple((str(n), f"61012-{n:02d}", f"{mark}{n}", "100 mL", "12") for n in range(count))


CARD = Document(
    title="存橱卡",
    subtitle="物理仪器室一 03 柜",
    facts=(("学校", "第一实验学校"), ("保管员", "王𬬭"), ("版本", "第 7 版")),
    symbol="20000000194",
    symbol_caption="200 000 001 94",
    columns=COLUMNS,
    sections=(Section("第1层", rows(12), "12 种"), Section("第2层", rows(13, "烧杯"))),
    summary=(("品种数", "25"), ("总件数", "300")),
    notes=("借出未还者仍计入。",),
    signatures=("核对人／日期",) * 4,
    footer="账本版本 1f3a",
    page_words=("第 ", " 页 共 ", " 页"),
)


def test_a_cabinet_of_25_kinds_is_one_page(text_of, sizes_of):
    pdf = render_document(CARD)

    (text,) = text_of(pdf)
    assert sizes_of(pdf) == [pytest.approx((210, 297), abs=0.01)]
    for words in ("存橱卡", "王𬬭", "200 000 001 94", "第2层", "12 种", "烧杯12", "300"):
        assert words in text
    assert text.count("核对人／日期") == 4
    assert "账本版本 1f3a" in text
    assert "第 1 页 共 1 页" in text
    read_back(pdf, [CARD.symbol])


def test_each_page_repeats_the_columns_and_counts_itself(text_of):
    sections = (Section("第1层", rows(40)), Section("第2层", rows(60, "烧杯")))

    pages = text_of(render_document(replace(CARD, sections=sections)))

    assert len(pages) > 2
    for number, page in enumerate(pages, start=1):
        assert "存橱卡" in page
        assert page.count("仪器编号") == 1
        assert f"第 {number} 页 共 {len(pages)} 页" in page
    assert "核对人／日期" in pages[-1]
    assert all("核对人／日期" not in page for page in pages[:-1])


def test_every_row_is_printed_once_whatever_the_page(text_of):
    pages = text_of(render_document(replace(CARD, sections=(Section("", rows(150)),))))

    words = [word for page in pages for word in page.split()]
    assert [word for word in words if word.startswith("61012-")] == [row[1] for row in rows(150)]


@pytest.mark.parametrize("before", range(25, 45))
def test_nothing_stands_in_the_foot_of_a_page(before):
    sections = (Section("第1层", rows(before)), Section("第2层", rows(9)))

    for page in document_pages(replace(CARD, sections=sections)):
        *flow, foot = page.placed
        for placed in flow:
            assert placed.y_mm + placed.drawing.height_mm <= foot.y_mm - 3


def test_long_titles_and_facts_leave_the_symbol_free():
    facts = (("学校" * 20, "实验" * 40),) * 4
    long = replace(CARD, title="存橱卡" * 20, subtitle="物理仪器室" * 20, facts=facts)

    for page in document_pages(long):
        texts, symbols = areas_on(page)
        assert not any(text.overlaps(symbol) for text in texts for symbol in symbols)


@pytest.mark.parametrize("before", range(25, 45))
def test_a_heading_never_stands_alone_at_the_foot_of_a_page(text_of, before):
    sections = (Section("第1层", rows(before)), Section("第2层", (("1", "2", "首行", "4", "5"),)))

    pages = text_of(render_document(replace(CARD, sections=sections)))

    assert [("第2层" in page) for page in pages] == [("首行" in page) for page in pages]


@pytest.mark.parametrize("count", range(24, 40))
def test_nobody_signs_a_page_without_a_row(text_of, count):
    document = replace(CARD, sections=(Section("第1层", rows(count)),))

    last = text_of(render_document(document))[-1]

    assert last.count("核对人／日期") == 4
    assert f"量筒{count - 1}" in last
    assert "总件数" in last


def test_a_section_that_goes_on_repeats_its_heading(text_of):
    pages = text_of(render_document(replace(CARD, sections=(Section("第1层", rows(70), "注"),))))

    assert [page.count("第1层") for page in pages] == [1] * len(pages)


def test_a_function_may_give_the_page_words_and_landscape_turns_the_page(text_of, sizes_of):
    document = replace(CARD, landscape=True, page_words=lambda page, pages: f"{page} von {pages}")

    pdf = render_document(document)

    assert sizes_of(pdf)[0] == pytest.approx((297, 210), abs=0.01)
    assert "1 von 2" in text_of(pdf)[0]


def test_long_cells_wrap_and_a_monstrous_one_is_cut_to_a_page(text_of):
    long = ("1", "2", "名", "直流电源" * 30, "5")
    monstrous = ("1", "2", "名", "水" * 20_000, "6")

    pages = text_of(render_document(replace(CARD, sections=(Section("层", (long, monstrous)),))))

    joined = "".join(pages).replace("\r\n", "")
    assert joined.count("直流电源") == 30
    assert "…" in joined


def test_the_library_has_no_words_of_its_own(text_of):
    (text,) = text_of(render_document(Document(title="T", page_words=lambda page, pages: "p")))

    assert text.split() == ["T", "p"]


def test_an_empty_table_shows_its_columns(text_of):
    (text,) = text_of(render_document(Document(title="T", columns=COLUMNS)))

    assert "规格型号" in text


def test_a_row_with_the_wrong_number_of_cells_is_refused():
    with pytest.raises(InvalidDocument, match="row 1 of section '层' has 2 cells for 5 columns"):
        render_document(replace(CARD, sections=(Section("层", (("1", "2"),)),)))


def test_columns_wider_than_the_page_are_refused():
    with pytest.raises(LabelTooSmall) as refused:
        render_document(Document("T", columns=(Column("a", 100), Column("b", 100))))

    assert (refused.value.needs_mm, refused.value.has_mm) == (200, 178)


def test_a_missing_glyph_anywhere_is_named():
    with pytest.raises(MissingGlyph, match=r"U\+1F600"):
        render_document(replace(CARD, signatures=("😀",)))


def test_the_same_document_gives_the_same_bytes():
    assert render_document(CARD) == render_document(CARD)


def areas_on(page: Page) -> tuple[list[Area], list[Area]]:
    """Give where texts and symbols with their quiet zones stand, a hair smaller."""
    texts, symbols = [], []
    for x_mm, y_mm, drawing in page.placed:
        for item in drawing.items:
            if isinstance(item, Text):
                texts.append(moved(item.area, x_mm, y_mm))
            elif isinstance(item, PlacedSymbol):
                symbols.append(moved(item.area_with_quiet_zone, x_mm, y_mm))
    return texts, symbols


def moved(area: Area, x_mm: float, y_mm: float) -> Area:
    hair = 0.01
    left, top, right, bottom = area
    return Area(left + x_mm + hair, top + y_mm + hair, right + x_mm - hair, bottom + y_mm - hair)


def placed_texts(document: Document) -> dict[str, Area]:
    return {
        item.text: moved(item.area, x_mm, y_mm)
        for page in document_pages(document)
        for x_mm, y_mm, drawing in page.placed
        for item in drawing.items
        if isinstance(item, Text)
    }


def test_cells_stand_where_their_column_aligns_them():
    columns = (Column("a", 40), Column("b", 40, "center"), Column("c", 40, "right"))
    section = Section("", (("左", "中", "右"), ("左左左", "中中中", "右右右")))

    at = placed_texts(Document("T", columns=columns, sections=(section,)))

    assert at["左"].left_mm == pytest.approx(at["左左左"].left_mm)
    assert at["右"].right_mm == pytest.approx(at["右右右"].right_mm)
    assert sum(at["中"][::2]) == pytest.approx(sum(at["中中中"][::2]))
    assert at["左"].left_mm < at["中中中"].left_mm < at["右右右"].left_mm


@pytest.mark.parametrize(("length", "is_beside"), [(10, True), (50, False)])
def test_a_note_stands_beside_its_heading_or_under_it(length, is_beside):
    section = Section("层" * length, (), "注意事项" * 3)

    at = placed_texts(Document("T", columns=COLUMNS, sections=(section,)))

    heading, note = at[section.heading], at[section.note]
    assert not heading.overlaps(note)
    assert (note.top_mm < heading.bottom_mm) == is_beside
    assert (note.left_mm > heading.right_mm) == is_beside


def test_the_table_fills_the_width_and_given_widths_are_kept():
    rows = (("1", "2", "3"),)
    columns = (Column("a", 30), Column("b"), Column("c", None, "right"))

    at = placed_texts(Document("T", columns=columns, sections=(Section("", rows),)))

    assert at["2"].left_mm - at["1"].left_mm == pytest.approx(30)
    assert at["3"].right_mm == pytest.approx(210 - 16 - 1.4, abs=0.05)


words = st.text("存橱卡量筒（，℃ abWi-019", max_size=90)
pairs = st.lists(st.tuples(words, words), max_size=7).map(tuple)
documents = st.builds(
    Document,
    title=words,
    subtitle=words,
    facts=pairs,
    symbol=st.sampled_from(["", "20000000194", "HTTPS://KC.EXAMPLE.EDU.CN/20000000194"]),
    symbol_caption=words,
    columns=st.just((*COLUMNS[:2], Column("型号"))),
    sections=st.lists(
        st.builds(
            Section,
            words,
            st.lists(st.tuples(words, words, words), max_size=25).map(tuple),
            words,
        ),
        max_size=3,
    ).map(tuple),
    summary=pairs,
    notes=st.lists(words, max_size=3).map(tuple),
    signatures=st.lists(words, max_size=9).map(tuple),
    footer=words,
    landscape=st.booleans(),
)


@settings(max_examples=25, deadline=None)
@given(documents)
def test_nothing_leaves_a_page_or_covers_anything_else(document):
    for page in document_pages(document):
        texts, symbols = areas_on(page)
        paper = Area(15, 10, page.width_mm - 15, page.height_mm - 6)
        assert all(paper.holds(text) for text in texts)
        assert not any(one.overlaps(other) for one, other in combinations(texts, 2))
        assert not any(text.overlaps(symbol) for text in texts for symbol in symbols)


def test_a_section_that_begins_a_page_stands_at_its_top():
    columns = (Column("Date"), Column("Balance", 20, "right"))
    sections = tuple(
        Section(f"kind {n}", (("2026-09-01", str(n)),), begins_page=True) for n in range(3)
    )

    pages = document_pages(Document("Detail ledger", columns=columns, sections=sections))

    assert len(pages) == 3
