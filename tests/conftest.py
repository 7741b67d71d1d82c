"""Fixtures: a fresh deployment on SQLite or PostgreSQL, a small school, people, clients."""

import shutil
from collections.abc import Callable, Iterator
from contextvars import Context
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from apiflask import APIFlask
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from inventory.app import create_app
from inventory.commands.database import run_migrations
from inventory.config import Config
from inventory.db import db, transact
from inventory.identity import service as identity_service
from inventory.identity.models import Person
from inventory.scope import OPERATOR, Permission, bind
from tests.postgres import ROLE, private_server
from tests.world import HOME, NOON, World, small_school

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


def _load(config: Config) -> World:
    """Migrate a database and load the small world into it, once, to be copied by every test."""
    app = create_app(config)
    with app.app_context():
        run_migrations()
        bind(db.session(), OPERATOR)
        world = small_school()
        db.session.remove()
        db.engine.dispose()
    return world


@pytest.fixture(scope="session")
def world_file(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, World]:
    """An SQLite file with the small world in it."""
    config = config_for(tmp_path_factory.mktemp("template"))
    world = _load(config)
    assert config.database_file is not None
    return config.database_file, world


@pytest.fixture(scope="session", autouse=True)
def _addresses_compiled_once() -> Iterator[None]:
    """
    Let the applications of a run share what Werkzeug compiles of their 200 routes.

    That is nine tenths of making one, and each test makes one. The compiled functions get the rule
    that they belong to when they are bound, so nothing of one application is in another.
    """
    compile_builder, compiled = Rule._compile_builder, {}

    def once(rule: Rule, append_unknown: bool = True) -> Any:
        defaults = tuple(sorted((rule.defaults or {}).items()))
        key = (rule.rule, tuple(rule._trace), defaults, append_unknown)
        if key not in compiled:
            compiled[key] = compile_builder(rule, append_unknown)
        return compiled[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", once)
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Hash with the least of Argon2: the product's own measure takes a tenth of a second each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identity_service, "_hasher", PasswordHasher(1, 8, 1))
        yield


@pytest.fixture(scope="session")
def postgres_uri() -> Iterator[str]:
    """The address of a private PostgreSQL server."""
    with private_server() as uri:
        run_sql(uri, f"CREATE ROLE {ROLE} LOGIN NOSUPERUSER NOBYPASSRLS")
        yield uri


@pytest.fixture(scope="session")
def world_database(
    postgres_uri: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, World]:
    """The name of a database on the server with the small world in it."""
    name = "tallycard_template"
    run_sql(postgres_uri, f"CREATE DATABASE {name} OWNER {ROLE}")
    return name, _load(config_for(tmp_path_factory.mktemp("pg"), with_database(postgres_uri, name)))


def with_database(uri: str, database: str) -> str:
    """The address of another database on the same server, for psycopg 3 and as the product."""
    parts = urlsplit(uri)
    at = f"{ROLE}@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit(("postgresql+psycopg", at, database, parts.query, ""))


def run_sql(uri: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


@pytest.fixture(params=ENGINES)
def deployed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Config, World]]:
    """A fresh deployment with the small world, once on each engine."""
    if request.param == "sqlite":
        yield _on_sqlite(request, tmp_path)
        return
    uri = request.getfixturevalue("postgres_uri")
    template, world = request.getfixturevalue("world_database")
    name = f"test_{abs(hash(tmp_path.name)):x}"
    run_sql(uri, f"CREATE DATABASE {name} TEMPLATE {template} OWNER {ROLE} STRATEGY FILE_COPY")
    yield config_for(tmp_path / "data", with_database(uri, name)), deepcopy(world)
    run_sql(uri, f"DROP DATABASE {name} WITH (FORCE)")


def _on_sqlite(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Config, World]:
    file, world = request.getfixturevalue("world_file")
    made = config_for(tmp_path / "data")
    assert made.database_file is not None
    shutil.copy(file, made.database_file)
    return made, deepcopy(world)


@pytest.fixture
def deployed_on_sqlite(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Config, World]:
    """A fresh deployment on SQLite, where the engine makes no difference."""
    return _on_sqlite(request, tmp_path)


@pytest.fixture
def sqlite_config(deployed_on_sqlite: tuple[Config, World]) -> Config:
    """Its settings."""
    return deployed_on_sqlite[0]


class Apart(FlaskClient):
    """A client whose requests do not share the test's own application context, as in life."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        return Context().run(super().open, *args, **kwargs)


def _running(config: Config) -> Iterator[APIFlask]:
    made = create_app(config)
    made.test_client_class = Apart
    with made.app_context():
        bind(db.session(), OPERATOR)
        yield made
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def world(deployed: tuple[Config, World]) -> Iterator[World]:
    """Two small schools on each engine, in a running application acting as the operator."""
    for _ in _running(deployed[0]):
        yield deployed[1]


@pytest.fixture
def sqlite_app(deployed_on_sqlite: tuple[Config, World]) -> Iterator[APIFlask]:
    """A running application on SQLite, acting as the operator."""
    yield from _running(deployed_on_sqlite[0])


@pytest.fixture
def sqlite_world(sqlite_app: APIFlask, deployed_on_sqlite: tuple[Config, World]) -> World:
    """The two small schools in it."""
    return deployed_on_sqlite[1]


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


@pytest.fixture
def api(sqlite_app: APIFlask, sqlite_world: World) -> Callable[..., FlaskClient]:
    """Give a client that carries a token of somebody, narrowed to scopes where some are named."""

    def carrying(login: str = "technician", *scopes: Permission) -> FlaskClient:
        client = sqlite_app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {sqlite_world.token(login, *scopes)}"
        return client

    return carrying


@pytest.fixture
def head(sqlite_app: APIFlask, sqlite_world: World) -> str:
    """The login of the administrator of the first school alone, who is added."""
    bind(db.session(), OPERATOR)
    transact(_add_head)
    return "head"


def _add_head(session: Session) -> None:
    known = session.query(Person).filter_by(login="technician").one()
    session.add(
        Person(
            id="h" * 32, school_id=HOME, name="校管理员", login="head", role="administrator",
            password_hash=known.password_hash, is_active=True, created_at=NOON,
        )
    )  # fmt: skip
