"""A client of the API with the token of whoever is named."""

from collections.abc import Callable

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from inventory.scope import Permission
from tests.world import World


@pytest.fixture
def api(sqlite_app: APIFlask, sqlite_world: World) -> Callable[..., FlaskClient]:
    """Give a client that carries a token of somebody, narrowed to scopes where some are named."""

    def carrying(login: str = "technician", *scopes: Permission) -> FlaskClient:
        client = sqlite_app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {sqlite_world.token(login, *scopes)}"
        return client

    return carrying
