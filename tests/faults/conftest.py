"""Fixtures of the faults: a deployment of its own on the disk, codes, and a token."""

import os
import shutil
from pathlib import Path

import pytest

from tests.processes import tallycard
from tests.world import World

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "6"))
"""How often the server is killed; `make faults N=100` for long."""


@pytest.fixture
def data(world_file: tuple[Path, World], tmp_path: Path) -> Path:
    """The data folder of a deployment with the small world in it."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(world_file[0], folder / "tallycard.db")
    return folder


@pytest.fixture
def codes(world_file: tuple[Path, World]) -> list[str]:
    """Codes of things that are there."""
    return [code for codes in world_file[1].items.values() for code in codes]


@pytest.fixture
def token(data: Path) -> str:
    """A token of the technician."""
    return tallycard(data, "token", "add", "technician").split()[-1]
