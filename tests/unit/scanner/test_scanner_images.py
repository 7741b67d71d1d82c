"""Picture files of unknown origin open upright and gray, or are refused with a reason."""

import io
import os
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scanner_scenes import qr, with_margin

from scanner import UnreadableImage, decode, load_image, load_image_bytes

CODE = "20000000194"
LABEL = with_margin(qr(CODE, module_px=5), 10)


def as_bytes(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


PNG = as_bytes(Image.fromarray(LABEL), "PNG")
JPEG = as_bytes(Image.fromarray(LABEL), "JPEG")


def opened(data, **limits):
    return load_image_bytes(data, name="label", **limits)


def refusal(data, **limits):
    with pytest.raises(UnreadableImage) as caught:
        opened(data, **limits)
    return caught.value.reason


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"])
def test_each_kind_of_file_opens(kind):
    image = opened(as_bytes(Image.fromarray(LABEL), kind))

    assert image.dtype == np.uint8
    assert image.shape == LABEL.shape
    assert [reading.text for reading in decode(image)] == [CODE]


def over_glass():
    """Black modules on nothing: over black it would be a black square."""
    alpha = Image.fromarray(255 - LABEL)
    return Image.merge("LA", (Image.new("L", alpha.size, 0), alpha))


@pytest.mark.parametrize(
    ("image", "kind", "options"),
    [
        pytest.param(Image.fromarray(LABEL).convert("CMYK"), "JPEG", {}, id="cmyk"),
        pytest.param(Image.fromarray(LABEL).convert("CMYK"), "TIFF", {}, id="cmyk tiff"),
        pytest.param(Image.fromarray(LABEL).convert("1"), "PNG", {}, id="1 bit"),
        pytest.param(Image.fromarray(LABEL).convert("P"), "PNG", {}, id="palette"),
        pytest.param(
            Image.fromarray(LABEL // 9 + 1).convert("P"), "PNG", {"transparency": 0}, id="key"
        ),
        pytest.param(over_glass(), "PNG", {}, id="alpha"),
        pytest.param(over_glass().convert("RGBA"), "WEBP", {"lossless": True}, id="rgba"),
        pytest.param(Image.fromarray(LABEL.astype(np.uint16) * 16), "PNG", {}, id="12 in 16 bits"),
        pytest.param(Image.fromarray(LABEL.astype(np.uint16) * 257), "TIFF", {}, id="16 bits"),
        pytest.param(Image.fromarray(LABEL / np.float32(255)), "TIFF", {}, id="float"),
    ],
)
def test_each_mode_becomes_gray(image, kind, options):
    gray = opened(as_bytes(image, kind, **options))

    assert (gray.dtype, gray.ndim) == (np.uint8, 2)
    assert [reading.text for reading in decode(gray)] == [CODE]


def test_what_is_transparent_is_white():
    assert opened(as_bytes(over_glass(), "PNG"))[0, 0] == 255


def test_an_animation_gives_its_first_picture():
    blank = Image.new("L", (LABEL.shape[1], LABEL.shape[0]), 255)
    data = as_bytes(
        Image.fromarray(LABEL), "GIF", save_all=True, append_images=[blank] * 3, duration=50
    )

    assert [reading.text for reading in decode(opened(data))] == [CODE]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_phone_held_sideways_gives_an_upright_picture(orientation):
    wide = Image.new("L", (60, 20), 255)
    wide.paste(0, (0, 0, 10, 10))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = opened(as_bytes(wide, "JPEG", exif=exif, quality=95))

    assert image.shape == ((20, 60) if orientation < 5 else (60, 20))
    dark = {1: (5, 5), 2: (5, 55), 3: (15, 55), 4: (15, 5)}
    turned = {5: (5, 5), 6: (5, 15), 7: (55, 15), 8: (55, 5)}
    assert image[(dark | turned)[orientation]] < 60


def test_damaged_notes_do_not_cost_the_picture():
    exif = b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff\x01\x12\x00\x03"
    data = as_bytes(Image.fromarray(LABEL), "JPEG", exif=exif)

    assert opened(data).shape == LABEL.shape


def png_of(width, height):
    """Claim a size in a PNG's header; the pixels are a few bytes of zeros, well compressed."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(10_000))
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body))
        for tag, body in chunks
    )


@pytest.mark.parametrize("size", [(9_000, 9_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_refused_by_its_header(size):
    assert "pixels" in refusal(png_of(*size)) or "exceeds limit" in refusal(png_of(*size))


def test_the_limits_are_the_callers():
    height, width = LABEL.shape

    assert opened(PNG, max_pixels=height * width).shape == LABEL.shape
    assert f"{width} x {height} pixels" in refusal(PNG, max_pixels=height * width - 1)
    assert opened(PNG, max_bytes=len(PNG)).shape == LABEL.shape
    assert "bytes" in refusal(PNG, max_bytes=len(PNG) - 1)


def test_a_long_thin_picture_opens():
    thin = as_bytes(Image.new("L", (100_000, 1), 255), "PNG")

    assert decode(opened(thin)) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"%PDF-1.7 no picture",
        PNG[: len(PNG) // 2],
        JPEG[: len(JPEG) // 2],
        as_bytes(Image.fromarray(LABEL), "PPM"),
    ],
    ids=["empty", "signature only", "pdf", "half a png", "half a jpeg", "a rare kind"],
)
def test_what_is_no_whole_picture_is_refused_with_a_reason(data):
    assert refusal(data)


@settings(deadline=None, max_examples=150)
@given(
    data=st.sampled_from([PNG, JPEG, as_bytes(Image.fromarray(LABEL), "TIFF"), png_of(40, 40)]),
    where=st.integers(0, 400),
    bytes_=st.binary(min_size=1, max_size=6),
)
def test_damage_never_becomes_another_error(data, where, bytes_):
    damaged = data[:where] + bytes_ + data[where + len(bytes_) :]

    with suppress(UnreadableImage):
        image = opened(damaged)
        assert (image.dtype, image.ndim) == (np.uint8, 2)


def test_a_file_is_opened_by_its_path(tmp_path):
    file = tmp_path / "实验室 1.png"
    file.write_bytes(PNG)

    assert (load_image(file) == LABEL).all()
    assert (load_image(str(file)) == LABEL).all()


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UnreadableImage) as caught:
        load_image(tmp_path / "gone.png")

    assert caught.value.file.endswith("gone.png")


@pytest.mark.parametrize("name", [".", "with\0nul.png", "pipe"])
def test_paths_that_are_no_files_are_refused(tmp_path, name):
    if name == "pipe":
        make_pipe = getattr(os, "mkfifo", lambda path: None)  # not on Windows
        make_pipe(tmp_path / name)

    with pytest.raises(UnreadableImage):
        load_image(f"{tmp_path}/{name}")


def test_a_large_file_is_refused_before_it_is_read(tmp_path):
    file = tmp_path / "large.png"
    with open(file, "wb") as stream:
        stream.truncate(10**9)

    with pytest.raises(UnreadableImage, match="1000000000 bytes"):
        load_image(file)
