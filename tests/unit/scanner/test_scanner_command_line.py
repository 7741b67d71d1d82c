"""The engine alone, as a program in its own process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from scanner_scenes import qr, wall, with_margin, written

ROOT = Path(__file__).parents[3]
CODE = "20000000194"


@pytest.fixture
def pictures(tmp_path):
    cv2.imwrite(str(tmp_path / "label.png"), with_margin(qr("柜卡 " + CODE), 9))
    cv2.imwrite(str(tmp_path / "blank.png"), np.full((99, 99), 255, np.uint8))
    (tmp_path / "damaged.png").write_bytes(b"no picture")
    return tmp_path


def scanner(*arguments, cwd, encoding="utf-8", hide=None):
    """Run the program; ``hide`` is a module that cannot be imported."""
    block = f"import sys; sys.modules[{hide!r}] = None; " if hide else "import sys; "
    program = block + "from scanner.__main__ import main; sys.exit(main(sys.argv[1:]))"
    start = ["-c", program] if hide else ["-m", "scanner"]
    return subprocess.run(
        [sys.executable, *start, *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        encoding=encoding,
        check=False,
    )


def lines(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_one_json_object_a_picture(pictures):
    done = scanner("decode", "--json", "label.png", "blank.png", cwd=pictures)

    label, blank = lines(done)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(label) == {"file", "codes", "ms"}
    assert label["file"] == "label.png"
    [code] = label["codes"]
    assert (code["text"], code["format"], code["decoder"]) == ("柜卡 " + CODE, "qr", "zxing")
    assert np.array(code["corners"]).shape == (4, 2)
    assert label["ms"] > 0
    assert (blank["file"], blank["codes"]) == ("blank.png", [])
    assert "柜卡" in done.stdout


def test_rows_for_people(pictures):
    done = scanner("decode", "label.png", cwd=pictures)

    assert done.returncode == 0
    assert "label.png  1 codes" in done.stdout
    assert "柜卡 " + CODE in done.stdout


def test_a_label_cannot_paint_the_terminal(tmp_path):
    cv2.imwrite(str(tmp_path / "evil.png"), qr("\x1b[31m\n" + CODE))

    done = scanner("decode", "evil.png", cwd=tmp_path)

    assert "\\x1b[31m\\n" + CODE in done.stdout
    assert "\x1b" not in done.stdout


def test_nothing_read_is_an_answer(pictures):
    done = scanner("decode", "blank.png", cwd=pictures)

    assert done.returncode == 1


def test_an_unreadable_file_is_named_and_the_others_are_read(pictures):
    done = scanner("decode", "--json", "damaged.png", "gone.png", "label.png", cwd=pictures)

    damaged, gone, label = lines(done)
    assert done.returncode == 2
    assert set(damaged) == set(gone) == {"file", "error"}
    assert label["codes"]
    assert "damaged.png" in done.stderr
    assert "gone.png" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [(), ("decode",), ("decode", "--formats", "qr,aztec", "a.png"), ("decode", "--decoder", "x")],
)
def test_a_wrong_command_line_is_bad_input(tmp_path, arguments):
    done = scanner(*arguments, cwd=tmp_path)

    assert done.returncode == 2
    assert "usage" in done.stderr


@pytest.mark.parametrize("decoder", ["zxing", "pyzbar"])
def test_the_decoder_can_be_chosen(tmp_path, decoder):
    cv2.imwrite(str(tmp_path / "wall.png"), wall(["21", "22"], columns=2).image)

    [picture] = lines(scanner("decode", "--json", "--decoder", decoder, "wall.png", cwd=tmp_path))

    assert sorted(code["text"] for code in picture["codes"]) == ["21", "22"]
    assert {code["decoder"] for code in picture["codes"]} == {decoder}


def test_formats_can_be_chosen(tmp_path):
    cv2.imwrite(str(tmp_path / "dm.png"), written(CODE, "DataMatrix"))

    assert scanner("decode", "--formats", "qr", "dm.png", cwd=tmp_path).returncode == 1
    assert scanner("decode", "--formats", "qr,dm", "dm.png", cwd=tmp_path).returncode == 0


def test_a_missing_driver_is_one_line_and_its_own_exit_code(pictures):
    asked = scanner("decode", "--decoder", "pyzbar", "label.png", cwd=pictures, hide="pyzbar")
    auto = scanner("decode", "label.png", cwd=pictures, hide="pyzbar")

    assert asked.returncode == 5
    assert asked.stderr.count("\n") == 1
    assert "pip install pyzbar" in asked.stderr
    assert (auto.returncode, auto.stderr) == (0, "")


def test_the_help_is_the_manual(tmp_path):
    done = scanner("decode", "--help", cwd=tmp_path)

    assert done.returncode == 0
    assert "exit codes" in done.stdout
    assert "python -m scanner decode" in done.stdout


def test_importing_is_light():
    heavy = ["cv2", "numpy", "PIL", "zxingcpp", "pyzbar", "ssl", "urllib.request"]
    program = f"import sys, scanner; print([m for m in {heavy} if m in sys.modules])"

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
