"""The wheel, installed outside the checkout, has templates, words, fonts and migrations inside."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.processes import ROOT

pytestmark = pytest.mark.xdist_group("wheel")  # it is built once
SOURCES = (
    "inventory", "labels", "scanner", "templates", "setup.cfg", "pyproject.toml", "README.md",
    "LICENSE", "NOTICE",
)  # fmt: skip
PROGRAM = """
import sys
from inventory.app import create_app
from inventory.commands.database import run_migrations
from inventory import __file__ as where
import labels

app = create_app()
with app.app_context():
    run_migrations()
    client = app.test_client()
    page = client.get("/", headers={"Accept-Language": "zh-CN"}, follow_redirects=True)
    assert page.status_code == 200, page.status_code
    assert page.request.path == "/setup"
    assert "首次设置" in page.get_data(as_text=True)
    assert client.get("/static/vendor/htmx/htmx.min.js").status_code == 200
content = labels.LabelContent("200 000 001 94", "20000000194", "24001-03", ("烧杯 ℃ Ω ①",))
pdf = labels.render_pdf([content], labels.stock("40x30"))
labels.read_back(pdf, [content.symbol])
print(where)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The wheel, unpacked into a folder of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    source = tmp_path_factory.mktemp("source")  # else a build that was cut off would be in the way
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name)
        else:
            shutil.copy(ROOT / name, source / name)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation",
         "--disable-pip-version-check", "-w", str(folder), str(source)],
        check=True, cwd=folder,
    )  # fmt: skip
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_it_serves_a_chinese_page_and_prints_a_chinese_label(installed, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True,
        env={"PYTHONPATH": str(installed), "TALLYCARD_DATA": str(tmp_path / "data"),
             "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(installed)


def test_it_carries_licence_and_notices_and_no_tests(installed):
    names = {path.relative_to(installed).as_posix() for path in installed.rglob("*")}

    assert any(name.endswith(("licenses/LICENSE", "info/LICENSE")) for name in names)
    assert "inventory/templates/base.html" in names
    assert "labels/fonts/OFL.txt" in names
    assert not any(name.startswith("tests") for name in names)
