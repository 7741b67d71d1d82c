"""Signed-in clients that keep CSRF on, and pages that keep the house rules."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.web.page import Page


@pytest.fixture
def look() -> Callable[..., Page]:
    """Get a page, expect its status, check the house rules, and give it parsed."""

    def looking(client: FlaskClient, address: str, status: int = 200, **more: object) -> Page:
        answer = client.get(address, follow_redirects=True, **more)
        assert answer.status_code == status, f"{address}: {answer.status_code}"
        page = Page(answer.get_data(as_text=True))
        page.check()
        return page

    return looking
