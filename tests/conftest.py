"""Fixtures: a fresh deployment on SQLite or PostgreSQL, a small school, people, clients."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings

from inventory.app import create_app
from inventory.commands.database import run_migrations
from inventory.config import Config
from inventory.db import db
from inventory.scope import OPERATOR, bind
from tests.postgres import private_server
from tests.world import World, small_school

settings.register_profile(
    "tests",
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("tests")
ENGINES = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))
KEY = "0123456789abcdef" * 4


def config_for(folder: Path, database: str = "") -> Config:
    """Settings of a deployment in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    uri = database or f"sqlite:///{folder / 'tallycard.db'}"
    return Config(data=folder, database=uri, secret_key=KEY)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file at the newest migration, to be copied: migrating each time would be slow."""
    config = config_for(tmp_path_factory.mktemp("template"))
    app = create_app(config)
    with app.app_context():
        run_migrations()
        db.engine.dispose()
    assert config.database_file is not None
    return config.database_file


@pytest.fixture(scope="session")
def postgres_uri() -> Iterator[str]:
    """The address of a private PostgreSQL server."""
    with private_server() as uri:
        yield uri


@pytest.fixture(scope="session")
def postgres_template(postgres_uri: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a migrated database on the server, to be copied."""
    _run_sql(postgres_uri, "CREATE DATABASE tallycard_template")
    app = create_app(
        config_for(tmp_path_factory.mktemp("pg"), _named(postgres_uri, "tallycard_template"))
    )
    with app.app_context():
        run_migrations()
        db.engine.dispose()
    return "tallycard_template"


def _named(uri: str, database: str) -> str:
    head, _, query = uri.partition("?")
    return (
        head.rsplit("/", 1)[0].replace("postgresql://", "postgresql+psycopg://")
        + f"/{database}?{query}"
    )


def _run_sql(uri: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


@pytest.fixture(params=ENGINES)
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Config]:
    """Settings of a fresh, migrated deployment, once on each engine."""
    if request.param == "sqlite":
        yield _sqlite(request, tmp_path)
        return
    uri, template = (request.getfixturevalue(n) for n in ("postgres_uri", "postgres_template"))
    name = f"test_{tmp_path.name.lower().replace('-', '_')[:40]}"
    _run_sql(uri, f'CREATE DATABASE "{name}" TEMPLATE {template}')
    yield config_for(tmp_path / "data", _named(uri, name))
    _run_sql(uri, f'DROP DATABASE "{name}" WITH (FORCE)')


def _sqlite(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    made = config_for(tmp_path / "data")
    assert made.database_file is not None
    shutil.copy(request.getfixturevalue("migrated_file"), made.database_file)
    return made


@pytest.fixture
def sqlite_config(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    """Settings of a fresh deployment on SQLite, where the engine makes no difference."""
    return _sqlite(request, tmp_path)


def _running(config: Config) -> Iterator[APIFlask]:
    made = create_app(config)
    with made.app_context():
        bind(db.session(), OPERATOR)
        yield made
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def app(config: Config) -> Iterator[APIFlask]:
    """A running application on each engine; its session acts as the operator."""
    yield from _running(config)


@pytest.fixture
def sqlite_app(sqlite_config: Config) -> Iterator[APIFlask]:
    """A running application on SQLite."""
    yield from _running(sqlite_config)


@pytest.fixture
def world(app: APIFlask) -> World:
    """Two small schools with rooms, cabinets, things and people, on each engine."""
    return small_school()


@pytest.fixture
def sqlite_world(sqlite_app: APIFlask) -> World:
    """The same on SQLite alone."""
    return small_school()


@pytest.fixture
def client_for(sqlite_app: APIFlask, sqlite_world: World) -> Callable[[str], FlaskClient]:
    """Give a client of the pages that has signed in as somebody."""
    sqlite_app.config["WTF_CSRF_ENABLED"] = False

    def signed_in(login: str) -> FlaskClient:
        client = sqlite_app.test_client()
        answer = client.post("/sign-in", data={"login": login, "password": sqlite_world.password})
        assert answer.status_code == 302, answer.get_data(as_text=True)
        return client

    return signed_in


