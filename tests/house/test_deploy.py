"""The units of systemd: everything they call and set exists, and they keep the server small."""

import configparser
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import click
import pytest

from inventory.commands import tallycard
from inventory.config import PREFIX, Config

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "deploy/systemd").iterdir())
PROGRAM = "/opt/tallycard/.venv/bin/tallycard"
LARGEST_EXPOSURE = 2.0


def settings(unit: Path) -> list[tuple[str, str]]:
    """The lines of a unit; names may come several times."""
    lines = [line.partition("=") for line in unit.read_text("utf-8").splitlines()]
    return [(name, value) for name, sign, value in lines if sign and not name.startswith("#")]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_command_of_a_unit_exists_with_its_options(unit):
    for name, value in settings(unit):
        if not name.startswith("Exec"):
            continue
        program, *arguments = shlex.split(value)
        assert program == PROGRAM
        command: click.Command = tallycard
        while isinstance(command, click.Group):
            found = command.get_command(click.Context(command), arguments.pop(0))
            assert found is not None, value
            command = found
        command.make_context(command.name, arguments)  # refuses options that are not there


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_setting_of_a_unit_exists(unit):
    known = {PREFIX + field.name.upper() for field in fields(Config)}
    for name, value in settings(unit):
        if name == "Environment":
            assert value.partition("=")[0] in known


def test_units_name_each_other_and_documents_that_are_there():
    names = {unit.name for unit in UNITS}
    for unit in UNITS:
        for name, value in settings(unit):
            if name == "Unit":
                assert value in names
            if name == "Documentation":
                assert (ROOT / value.removeprefix("file:///opt/tallycard/")).is_file()
    script = (ROOT / "deploy/install.sh").read_text("utf-8")
    assert set(re.findall(r"tallycard[\w-]*\.(?:service|timer)", script)) == names


def test_the_service_and_the_timer_agree_with_the_defaults_of_the_settings():
    timer = dict(settings(ROOT / "deploy/systemd/tallycard-backup.timer"))

    defaults = {field.name: field.default for field in fields(Config)}
    assert timer["OnCalendar"].endswith(f" {defaults['backup_at']}")
    assert timer["Persistent"] == "true"


@pytest.fixture
def here(tmp_path):
    """The units with a program that is on this computer."""
    for unit in UNITS:
        text = unit.read_text("utf-8").replace(PROGRAM, sys.executable)
        (tmp_path / unit.name).write_text(text, "utf-8")
    return sorted(tmp_path.iterdir())


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_wrong_with_them(here):
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *map(str, here)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_the_services_are_hardened(here):
    for unit in here:
        if unit.suffix != ".service":
            continue
        done = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
        assert found, done.stdout + done.stderr
        assert float(found[1]) <= LARGEST_EXPOSURE


def test_the_units_are_well_formed():
    for unit in UNITS:
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.read(unit, "utf-8")
        assert parser.has_section("Unit")


def test_the_script_is_a_script():
    script = ROOT / "deploy/install.sh"

    assert script.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
