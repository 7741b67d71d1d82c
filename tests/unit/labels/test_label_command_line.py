"""`python -m labels`, run from another folder as another program would run it."""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import labels

ROOT = Path(labels.__file__).parent.parent
LINE = {"code": "200 000 001 94", "symbol": "20000000194", "title": "24001-03", "lines": ["电表"]}


@pytest.fixture
def run(tmp_path):
    def run(*arguments, stdin=b""):
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "labels", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            input=stdin,
            capture_output=True,
            check=False,
        )

    return run


@pytest.fixture
def contents(tmp_path):
    lines = [LINE, {**LINE, "symbol": "20000000291"}]
    path = tmp_path / "contents.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_labels_are_rendered_to_a_file(run, contents, tmp_path, sizes_of):
    done = run("render", "contents.jsonl", "--stock", "40×30", "-o", "labels.pdf")

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert len(sizes_of((tmp_path / "labels.pdf").read_bytes())) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["contents.jsonl", "labels.pdf"]


def test_labels_flow_from_input_to_output(run, contents):
    done = run(
        "render", "-", "--stock", "3x8", "--skip", "5", "-o", "-", stdin=contents.read_bytes()
    )

    assert done.returncode == 0
    labels.read_back(done.stdout, ["20000000194", "20000000291"])


def test_pictures_go_into_an_archive(run, contents, tmp_path, symbols_in):
    done = run(
        "render", "contents.jsonl", "--stock", "40x30", "--format", "png", "-o", "labels.zip"
    )

    assert done.returncode == 0
    with zipfile.ZipFile(io.BytesIO((tmp_path / "labels.zip").read_bytes())) as archive:
        assert archive.namelist() == ["0001.png", "0002.png"]
        assert symbols_in(archive.read("0002.png")) == ["20000000291"]


def test_one_picture_is_a_png(run, contents, tmp_path, symbols_in):
    done = run("render", "contents.jsonl", "--stock", "3x8", "--format", "png", "-o", "sheet.png")

    assert done.returncode == 0
    assert symbols_in((tmp_path / "sheet.png").read_bytes()) == ["20000000194", "20000000291"]


def test_the_stocks_are_listed(run):
    lines = run("stocks", "--json").stdout.decode().splitlines()

    assert [json.loads(line)["name"] for line in lines] == list(labels.all_stocks())
    assert "a4-3x8     sheet  70 x 37 mm     24 a page" in run("stocks").stdout.decode()


def refusal(line: dict[str, object]) -> bytes:
    return json.dumps({**LINE, **line}).encode()


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (["--stock", "7x7"], refusal({}), "unknown stock '7x7'; choose one of: 40x30"),
        (["--stock", "40x30", "--skip", "1"], refusal({}), "40x30 is a roll"),
        (["--stock", "40x30"], b"", "nothing to print"),
        (["--stock", "40x30"], refusal({}) + b"\n{", "line 2: not JSON"),
        (["--stock", "40x30"], refusal({"title": "😀"}), "label 1: no glyph for '😀' (U+1F600)"),
        (["--stock", "40x30"], refusal({"symbol": ""}), "no symbol for ''"),
        (["--stock", "40x30"], refusal({"title": "\x1b"}), "control character U+001B"),
    ],
)
def test_bad_input_is_one_clear_line(run, arguments, stdin, words):
    failed = run("render", "-", *arguments, "-o", "labels.pdf", stdin=stdin)

    assert failed.returncode == 2
    assert words in failed.stderr.decode()
    assert failed.stderr.count(b"\n") == 1


def test_a_file_that_is_not_there_is_bad_input(run):
    failed = run("render", "none.jsonl", "--stock", "40x30", "-o", "labels.pdf")

    assert (failed.returncode, failed.stderr) == (
        2,
        b"labels: none.jsonl: No such file or directory\n",
    )


def test_several_pictures_do_not_fit_one_file(run, contents, tmp_path):
    failed = run("render", "contents.jsonl", "--stock", "40x30", "--format", "png", "-o", "a.png")

    assert failed.returncode == 2
    assert b"name the output *.zip" in failed.stderr
    assert not (tmp_path / "a.png").exists()


def test_a_folder_that_is_not_there_is_unavailable(run, contents):
    failed = run("render", "contents.jsonl", "--stock", "40x30", "-o", "none/labels.pdf")

    assert (failed.returncode, failed.stderr.count(b"\n")) == (5, 1)


def test_a_symbol_that_cannot_be_read_back_leaves_no_file(run, tmp_path):
    # At 20 dots per inch a module is a third of a dot, at twice that two thirds.
    render = ("render", "-", "--stock", "40x30", "--dpi", "20", "-o", "labels.pdf")
    line = refusal({"symbol": "x" * 150})

    failed = run(*render, stdin=line)

    assert failed.returncode == 1
    assert failed.stderr.startswith(b"labels: read-back failed: 1 missing ['xxx")
    assert list(tmp_path.iterdir()) == []
    assert run(*render, "--no-read-back", stdin=line).returncode == 0
