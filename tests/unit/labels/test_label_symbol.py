"""Symbols, checked by readers that did not make them."""

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from labels import CannotEncode, Symbol, encode

LINK = "HTTPS://KC.EXAMPLE.EDU.CN/20000000194"


def picture(symbol: Symbol) -> Image.Image:
    """Draw four pixels a module, with the quiet zone, from the runs that the PDF uses too."""
    side = symbol.modules_with_quiet_zone
    image = Image.new("L", (side, side), 255)
    for x, y, length in symbol.runs():
        image.paste(0, (x + 4, y + 4, x + 4 + length, y + 5))
    return image.resize((side * 4, side * 4), Image.Resampling.NEAREST)


def read(symbol: Symbol) -> zxingcpp.Barcode:
    (found,) = zxingcpp.read_barcodes(picture(symbol), text_mode=zxingcpp.TextMode.Plain)
    return found


def test_eleven_digits_are_the_smallest_symbol_at_the_highest_level():
    symbol = encode("20000000194")

    assert (symbol.version, symbol.modules, symbol.level) == (1, 21, "H")
    assert read(symbol).ec_level == "H"


@pytest.mark.parametrize(
    ("payload", "version", "level"),
    [
        (LINK, 2, "M"),  # 37 characters: alphanumeric 2-M holds 38
        (LINK.lower(), 3, "M"),  # bytes: 3-M holds 42, 2-L only 32
        ("1" * 17, 1, "H"),  # numeric 1-H holds 17
        ("1" * 18, 1, "Q"),
        ("1" * 41, 1, "L"),
        ("1" * 42, 2, "Q"),
    ],
)
def test_the_level_is_the_highest_that_costs_no_module(payload, version, level):
    symbol = encode(payload)

    assert (symbol.version, symbol.level) == (version, level)
    assert (read(symbol).text, read(symbol).ec_level) == (payload, level)


@settings(max_examples=25, deadline=None)
@given(st.text("0123456789ABCXYZ $%*+-./:abcé中文", min_size=1, max_size=60))
def test_what_goes_in_comes_out(payload):
    assert read(encode(payload)).bytes == payload.encode()


def test_runs_cover_each_dark_module_once():
    symbol = encode("20000000194")

    covered = [(x + i, y) for x, y, length in symbol.runs() for i in range(length)]

    dark = [(x, y) for y, row in enumerate(symbol.rows) for x, on in enumerate(row) if on]
    assert covered == dark


@pytest.mark.parametrize("payload", ["", "1" * 7090, "\ud800"])
def test_what_has_no_symbol_is_refused(payload):
    with pytest.raises(CannotEncode) as refused:
        encode(payload)

    assert refused.value.payload == payload
