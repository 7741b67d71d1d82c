"""Every address of the API, asked by a generator: it keeps to its document."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.world import HOME

BEYOND = [positive_data_acceptance]
"""Some rules (a number or “all there”) are beyond what a schema says; they are refused with 422."""


@pytest.fixture
def operations(sqlite_app):
    """What the document of a running application describes."""
    document = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", sqlite_app)
    return [one.ok() for one in document.get_all_operations()]


def test_the_api_keeps_to_its_document(operations, sqlite_world):
    headers = {"Authorization": f"Bearer {sqlite_world.token('technician')}"}
    known = sqlite_world.items[f"{HOME}/01"][0]
    assert len(operations) > 8
    for operation in operations:

        @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def ask(case):
            # Half of the names that the generator makes up are made to exist.
            given_names = case.path_parameters or {}
            case.path_parameters = {
                name: known if len(str(value)) % 2 else value for name, value in given_names.items()
            }
            case.call_and_validate(headers=headers, excluded_checks=BEYOND)

        ask()
