"""Reading back: good sheets pass, every kind of wrong one does not."""

import io
from dataclasses import replace

import pytest
from reportlab.pdfgen.canvas import Canvas

from labels import LabelContent, ReadBackFailed, read_back, render_pdf, stock


def symbols(contents: list[LabelContent]) -> list[str]:
    return [content.symbol for content in contents]


@pytest.mark.parametrize("name", ["40x30", "50x30", "60x40", "a4-3x8"])
@pytest.mark.parametrize("dpi", [203, 300])
def test_every_stock_reads_back(many, meter, name, dpi):
    link = replace(meter, symbol="HTTPS://KC.EXAMPLE.EDU.CN/20000000194")
    contents = [*many(3), meter, link, LabelContent("1", "20000000291")]

    read_back(render_pdf(contents, stock(name)), symbols(contents), dpi=dpi)


def test_the_same_code_twice_must_be_there_twice(meter):
    pdf = render_pdf([meter, meter], stock("3x8"))

    read_back(pdf, [meter.symbol] * 2)
    with pytest.raises(ReadBackFailed) as failed:
        read_back(pdf, [meter.symbol] * 3)
    assert (failed.value.missing, failed.value.unexpected) == ([meter.symbol], [])


def test_missing_and_unexpected_symbols_are_named(many):
    contents = many(4)
    pdf = render_pdf(contents[:3], stock("40x30"))

    with pytest.raises(ReadBackFailed) as failed:
        read_back(pdf, symbols(contents[1:]))

    assert failed.value.missing == [contents[3].symbol]
    assert failed.value.unexpected == [contents[0].symbol]


def test_labels_on_the_wrong_page_are_found(many):
    contents = many(2)
    pdf = render_pdf(contents, stock("40x30"))

    with pytest.raises(ReadBackFailed) as failed:
        read_back(pdf, symbols(contents)[::-1])

    assert sorted(failed.value.missing) == sorted(symbols(contents))


def test_a_page_without_symbols_is_told_from_one_with(many):
    file = io.BytesIO()
    canvas = Canvas(file)
    canvas.showPage()
    canvas.save()

    read_back(file.getvalue(), [])
    with pytest.raises(ReadBackFailed):
        read_back(file.getvalue(), ["20000000194"])


def test_a_symbol_too_small_for_the_density_is_read_at_twice_of_it(meter):
    pdf = render_pdf([meter], stock("40x30"))

    read_back(pdf, [meter.symbol], dpi=40)


def test_a_symbol_covered_with_ink_fails(meter):
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(100, 100))
    canvas.rect(10, 10, 60, 60, fill=1)
    canvas.save()

    with pytest.raises(ReadBackFailed) as failed:
        read_back(file.getvalue(), [meter.symbol])

    assert failed.value.missing == [meter.symbol]
