"""Fixtures of the faults: a deployment of its own on the disk, codes, and a token."""

import os
import shutil
from copy import deepcopy
from pathlib import Path

import pytest

from inventory.app import create_app
from inventory.db import db
from inventory.scope import OPERATOR, bind
from tests.conftest import config_for
from tests.world import World

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "20"))
"""How often the server is killed; `make faults N=100` for long."""


@pytest.fixture(scope="session")
def template(
    world_file: tuple[Path, World], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """The small world with a token of the technician, made once and copied by every test."""
    config = config_for(tmp_path_factory.mktemp("faults"))
    assert config.database_file is not None
    shutil.copy(world_file[0], config.database_file)
    app = create_app(config)
    with app.app_context():
        bind(db.session(), OPERATOR)
        token = deepcopy(world_file[1]).token("technician")
        db.session.remove()
        db.engine.dispose()
    return config.database_file, token


@pytest.fixture
def data(template: tuple[Path, str], tmp_path: Path) -> Path:
    """The data folder of a deployment."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(template[0], folder / "tallycard.db")
    return folder


@pytest.fixture
def token(template: tuple[Path, str]) -> str:
    """A token of the technician in it."""
    return template[1]


@pytest.fixture
def codes(world_file: tuple[Path, World]) -> list[str]:
    """Codes of things that are there."""
    return [code for codes in world_file[1].items.values() for code in codes]
