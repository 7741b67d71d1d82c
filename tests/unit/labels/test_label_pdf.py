"""PDF and PNG: sizes, fonts, text, the same bytes each time."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from PIL import Image

from labels import (
    InvalidSkip,
    LabelContent,
    MissingGlyph,
    NothingToPrint,
    render_pdf,
    render_png,
    stock,
    write_pdf,
)


@pytest.mark.parametrize("name", ["40x30", "50x30", "60x40"])
def test_a_page_of_a_roll_is_the_label(meter, sizes_of, name):
    width, height = map(int, name.split("x"))

    pages = sizes_of(render_pdf([meter, meter], stock(name)))

    assert pages == [pytest.approx((width, height), abs=0.01)] * 2


def test_a_sheet_holds_its_labels_after_the_used_ones(many, sizes_of, text_of):
    pdf = render_pdf(many(25), stock("3x8"), skip=20)

    assert sizes_of(pdf) == [pytest.approx((210, 297), abs=0.01)] * 2
    first, second = text_of(pdf)
    assert ("24001-03" in first, "24001-04" in first, "24001-04" in second) == (True, False, True)


def test_pages_that_are_skipped_whole_are_not_put_out(many, sizes_of):
    assert len(sizes_of(render_pdf(many(1), stock("3x8"), skip=50))) == 1


def test_text_can_be_copied_out_even_the_rarest(meter, text_of):
    rare = "㸆𬬭硇鿔䶮 ℃ΩⅡ①²μ½ф"

    (text,) = text_of(render_pdf([replace(meter, title="王", lines=(rare,))], stock("60x40")))

    assert rare.replace(" ", "") in "".join(text.split())
    assert meter.code in text


def test_fonts_are_embedded_truetype_subsets(meter):
    pdf = render_pdf([meter], stock("40x30"))

    names = set(re.findall(rb"/BaseFont /([\w+-]+)", pdf))
    assert names == {b"AAAAAA+NotoSansSC-Regular", b"AAAAAA+NotoSansSC-Bold"}
    assert pdf.count(b"/FontFile2") == 2
    assert len(pdf) < 60_000


def test_symbols_are_vectors(meter):
    assert b"/Subtype /Image" not in render_pdf([meter], stock("40x30"))


def test_the_same_labels_give_the_same_bytes(meter, many, monkeypatch):
    first = render_pdf([meter, *many(3)], stock("3x8"), title="标签")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    dated = render_pdf([meter], stock("3x8"))
    monkeypatch.delenv("SOURCE_DATE_EPOCH")

    assert render_pdf([meter, *many(3)], stock("3x8"), title="标签") == first
    assert b"D:20000101000000Z" in dated


def test_title_and_date_are_the_callers(meter):
    moment = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)

    pdf = render_pdf([meter], stock("40x30"), title="Cabinet 3", created_at=moment)

    assert b"/Title (Cabinet 3)" in pdf
    assert b"/CreationDate (D:20261123083000Z)" in pdf


def test_threads_do_not_disturb_each_other(many):
    contents = many(12)
    alone = [render_pdf(contents[n:], stock("40x30")) for n in range(4)]

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda n: render_pdf(contents[n:], stock("40x30")), range(4)))

    assert together == alone


def test_nothing_is_written_when_a_label_is_refused(meter):
    file = io.BytesIO()

    with pytest.raises(MissingGlyph) as refused:
        write_pdf([meter, replace(meter, title="😀")], stock("40x30"), file)

    assert refused.value.label == 2
    assert file.getvalue() == b""


def test_contents_are_taken_from_an_iterator_and_counted(many):
    file = io.BytesIO()

    assert write_pdf(iter(many(5)), stock("40x30"), file) == 5
    assert file.getvalue().startswith(b"%PDF-")


def test_no_labels_are_no_empty_page():
    file = io.BytesIO()

    with pytest.raises(NothingToPrint):
        write_pdf([], stock("40x30"), file)

    assert file.getvalue() == b""


def test_skipping_on_a_roll_is_refused(meter):
    with pytest.raises(InvalidSkip):
        render_pdf([meter], stock("40x30"), skip=1)


def test_braces_and_percent_signs_are_only_text(text_of):
    label = LabelContent("{code}", "1", "{0.__class__} %s", ("{{ 7*7 }} \\ ( )",))

    (text,) = text_of(render_pdf([label], stock("60x40")))

    assert text.split() == ["{code}", "{0.__class__}", "%s", "{{", "7*7", "}}", "\\", "(", ")"]


@pytest.mark.parametrize(("dpi", "dots"), [(203, (320, 240)), (300, (473, 355))])
def test_a_picture_has_the_size_and_density_of_the_label(meter, symbols_in, dpi, dots):
    first, second = render_png([meter, replace(meter, symbol="7")], stock("40x30"), dpi=dpi)

    with Image.open(io.BytesIO(first)) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "L", dots)
        assert image.info["dpi"] == pytest.approx((dpi, dpi), abs=0.5)
    assert (symbols_in(first), symbols_in(second)) == ([meter.symbol], ["7"])


def test_203_dpi_are_8_dots_a_millimetre(meter):
    (picture,) = render_png([meter], stock("3x8"), dpi=203)

    with Image.open(io.BytesIO(picture)) as image:
        assert image.size == (210 * 8, 297 * 8)


def test_modules_are_whole_dots_of_a_203_dpi_head(meter):
    (picture,) = render_png([meter], stock("40x30"), dpi=203)

    with Image.open(io.BytesIO(picture)) as image:
        symbol = image.crop((24, 0, 150, 195))
        grays = symbol.crop(symbol.point(lambda v: 255 - v).getbbox()).histogram()
    assert sum(grays[1:255]) == 0
