"""`tallycard import` with real processes: in, undone as a whole, in again; the template."""

import pytest
from openpyxl import load_workbook

from tests.processes import tallycard, told
from tests.unit.services.test_import_service import CLAMP, SCALE, ledger

SCHOOL = "2133990103"
NAMED = ("--school", SCHOOL, "--school-name", "锦城小学")


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    tallycard(folder, "db", "upgrade")
    return folder


def things(data):
    return told(tallycard(data, "verify", "--rebuild", "--json"))[0]["agreement"]["things"]


def test_an_import_is_undone_and_comes_in_again(data, tmp_path):
    file = str(ledger(tmp_path, SCALE, CLAMP))
    [first] = told(tallycard(data, "import", file, *NAMED, "--json"))
    assert things(data) == 32

    [undone] = told(tallycard(data, "import", "--undo", first["import"], "--json"))
    assert undone == {"import": first["import"], "undone": True}
    assert things(data) == 0
    assert "undone" in tallycard(data, "import", "--undo", first["import"])
    tallycard(data, "import", "--undo", "0" * 32, code=4)
    [second] = told(tallycard(data, "import", file, *NAMED, "--json"))
    assert second["summary"]["new"] == 2
    assert things(data) == 32


def test_places_come_in_only_with_the_option(data, tmp_path):
    tallycard(data, "import", str(ledger(tmp_path, SCALE)), *NAMED)
    other = str(ledger(tmp_path, [*CLAMP[:6], "旧库-01-1", ""], name="2.xlsx"))
    tallycard(data, "import", other, "--school", SCHOOL)
    assert things(data) == 2
    tallycard(data, "import", other, "--school", SCHOOL, "--create-places")
    assert things(data) == 32


def test_the_template_is_written(data, tmp_path):
    file = tmp_path / "登记表.xlsx"
    tallycard(data, "import", "--template", str(file))
    assert load_workbook(file).worksheets[0]["C1"].value == "仪器名称"
    tallycard(data, "import", code=2)
    tallycard(data, "import", str(file), "--undo", "x", code=2)


def serial(minted):
    """The serial number within the code that was printed: nine digits before the check."""
    return int("".join(sign for sign in minted if sign.isdigit())[:9])


def test_a_file_whose_folder_is_not_there_is_refused_before_anything_is_done(data, tmp_path):
    nowhere = str(tmp_path / "nowhere" / "labels.pdf")
    first = serial(tallycard(data, "codes", "mint", "1"))

    said = tallycard(data, "labels", "--blank", "3", "-o", nowhere, code=2)
    assert "does not exist" in said
    tallycard(data, "import", "--template", nowhere, code=2)

    assert serial(tallycard(data, "codes", "mint", "1")) == first + 1
