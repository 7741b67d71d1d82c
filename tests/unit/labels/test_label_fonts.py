"""The vendored fonts are the ones that are written down."""

import hashlib
import tomllib

import pytest

from labels.fonts import FOLDER, Face

FILES = tomllib.loads((FOLDER / "VENDORED.toml").read_text(encoding="utf-8"))["file"]


@pytest.mark.parametrize("entry", FILES, ids=lambda entry: entry["file"])
def test_a_vendored_file_is_unchanged_and_licensed(entry):
    assert hashlib.sha256((FOLDER / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
    assert "SIL OPEN FONT LICENSE" in (FOLDER / entry["licence_file"]).read_text(encoding="utf-8")


def test_every_font_file_is_written_down():
    assert {path.name for path in FOLDER.glob("*.ttf")} == {entry["file"] for entry in FILES}


def test_a_missing_font_file_is_unavailable(tmp_path):
    from labels import Unavailable

    with pytest.raises(Unavailable, match=r"font none\.ttf"):
        Face("None", tmp_path / "none.ttf").has("a")
