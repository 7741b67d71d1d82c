"""The house itself: packages listed, files named by their role, permissions on services."""

import configparser
import importlib
import inspect
import pkgutil
import tomllib
from hashlib import sha256
from pathlib import Path

import pytest

import inventory
from inventory.scope import Actor

ROOT = Path(__file__).resolve().parents[2]
CAPABILITIES = (
    "catalogue", "counting", "custody", "exchange", "identity", "journal", "ledger", "places",
    "printing", "register", "reports", "scanning", "search", "staff",
)  # fmt: skip
ROLES = {
    "__init__", "rules", "models", "changes", "service", "queries", "store", "pages", "api",
    "commands",
}  # fmt: skip
BESIDE = {
    "counting": {"papers", "task"},
    "exchange": {"edge", "workbook", "limits", "formats", "papers"},
    "identity": {"edge"},
    "journal": {"rebuild"},
    "printing": {"papers", "jobs"},
    "reports": {"papers"},
    "scanning": {"express", "incoming"},
    "staff": {"edge"},
}
"""What DECISIONS.md, number 11, allows beside the roles."""
WITHOUT_PERMISSION = {
    "inventory.counting.service.place_to_count",
    "inventory.custody.service.turn",
    "inventory.identity.service.keepers_named",
    "inventory.identity.service.station_token",
    "inventory.journal.service.record",
    "inventory.ledger.documents_service.finish",
    "inventory.ledger.documents_service.principals_of",
    "inventory.register.service.code_for_document",
    "inventory.scanning.service.resolve",
}
"""Parts of use cases that declare the permission, or that everybody who signed in may do."""


OTHERS = {".venv", ".matrix", "build", "node_modules"}
"""Folders in a checkout that hold what others wrote."""


def configured():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def packages_in_tree():
    found = {"inventory.templates"}
    for top in ("inventory", "labels", "scanner"):
        for init in (ROOT / top).rglob("__init__.py"):
            found.add(".".join(init.parent.relative_to(ROOT).parts))
    return found


def test_the_list_of_packages_is_the_tree():
    listed = set(configured()["options"]["packages"].split())

    assert listed == packages_in_tree(), "list every package in setup.cfg, [options] packages"


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_files_are_named_by_their_role(capability):
    folder = ROOT / "inventory" / capability
    names = {path.stem for path in folder.iterdir() if not path.name.startswith("__pycache__")}

    unexplained = names - ROLES - BESIDE.get(capability, set())
    assert {name for name in unexplained if not is_of_a_use(name)} == set(), "see design: roles"


def is_of_a_use(name):
    """Whether a file holds one use's part of a role (DECISIONS.md, number 33)."""
    use, _, role = name.rpartition("_")
    return bool(use) and role in ROLES - {"__init__"} | {"papers"}


def test_no_file_has_a_name_that_says_nothing():
    names = {path.stem for path in ROOT.rglob("*.py") if not OTHERS & set(path.parts)}

    assert not names & {"utils", "util", "helpers", "helper", "common", "misc"}


def services():
    for module in pkgutil.walk_packages(inventory.__path__, "inventory."):
        if not module.name.endswith((".service", "_service")):
            continue
        loaded = importlib.import_module(module.name)
        for name, function in inspect.getmembers(loaded, inspect.isfunction):
            if function.__module__ == module.name and not name.startswith("_"):
                yield f"{module.name}.{name}", function


def test_every_service_that_somebody_calls_declares_its_permission():
    missing = {
        name
        for name, function in services()
        if any(one.annotation is Actor for one in inspect.signature(function).parameters.values())
        and not hasattr(function, "permission")
    }

    assert missing - {"inventory.scanning.service.resolution_json"} == WITHOUT_PERMISSION


def test_services_do_not_commit_read_the_clock_or_speak():
    for path in (ROOT / "inventory").rglob("*service.py"):
        text = path.read_text(encoding="utf-8")
        for word in (
            ".commit(",
            "datetime.now",
            "utcnow",
            "time.time(",
            "gettext",
            "render_template",
        ):
            assert word not in text, f"{path}: a service has no {word}"


@pytest.mark.parametrize("word", ["text(", "exec_driver_sql", "__table__"])
def test_sql_below_the_orm_stands_in_store_alone(word):
    allowed = {"store.py", "db.py", "env.py", "changes.py", "base.py"}
    for path in (ROOT / "inventory").rglob("*.py"):
        if (
            path.name in allowed
            or path.stem.endswith(("_store", "_changes"))
            or "versions" in path.parts
            or "formats" in path.parts
        ):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            stripped = line.replace("gettext(", "").replace("_text(", "").replace(".text(", "")
            assert not (
                word in stripped and "sqlalchemy" not in line and _is_sql(word, stripped)
            ), f"{path}:{number}: SQL below the ORM belongs into store.py"


def _is_sql(word: str, line: str) -> bool:
    if word == "text(":
        return any(verb in line for verb in ('text("SELECT', 'text("INSERT', 'text("UPDATE'))
    return True


@pytest.mark.parametrize("folder", ["inventory/static/vendor/htmx", "labels/fonts"])
def test_vendored_files_are_what_their_sums_say(folder):
    table = tomllib.loads((ROOT / folder / "VENDORED.toml").read_text(encoding="utf-8"))

    for one in table["file"]:
        content = (ROOT / folder / one["file"]).read_bytes()
        assert sha256(content).hexdigest() == one["sha256"], one["file"]
        assert (ROOT / folder / one["licence_file"]).is_file()


def test_every_module_says_what_it_is_about():
    for path in (ROOT / "inventory").rglob("*.py"):
        text = path.read_text(encoding="utf-8").lstrip()
        assert text.startswith('"""'), f"{path} begins with no docstring"
