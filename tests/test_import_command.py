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


ODD = ["列一", "器材", "规格", "计量", "实有数量", "每个", "摆放", "谁管"]
ROWS = [
    [f"{11000 + n}", f"仪器{chr(0x4E00 + n)}", f"{n}号", "个", 40 - n, 2.5, "科仪1-01-1", "王芳"]
    for n in range(12)
]


def fields(document):
    return {column["label"]: column["field"] for column in document["columns"][0]["columns"]}


def test_what_columns_hold_is_said_can_be_changed_and_is_kept(data, tmp_path):
    file = str(ledger(tmp_path, *ROWS, header=ODD))
    [dry] = told(tallycard(data, "import", file, *NAMED, "--dry-run", "--json"))
    assert fields(dry) == {
        "列一": "code", "器材": "name", "规格": "spec", "计量": "unit", "实有数量": "quantity",
        "每个": None, "摆放": "location", "谁管": "keeper",
    }  # fmt: skip
    said = tallycard(data, "import", file, *NAMED, "--dry-run")
    assert "列一=code*" in said
    assert "实有数量=quantity" in said

    mapped = ("--map", "每个=unit_price", "--map", "c=-")
    [first] = told(tallycard(data, "import", file, *NAMED, *mapped, "--json"))
    assert (first["records"][0]["unit_price"], first["records"][0]["spec"]) == ("2.50", None)
    [again] = told(tallycard(data, "import", file, *NAMED, "--dry-run", "--json"))
    assert (fields(again)["每个"], fields(again)["规格"]) == ("unit_price", None)
    assert again["summary"]["same"] == 12

    for wrong in ("每个=price", "name", "=name"):
        tallycard(data, "import", file, *NAMED, "--map", wrong, code=2)
    tallycard(data, "import", file, "--map", "a=name", "--map", "b=name", code=2)
