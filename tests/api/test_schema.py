"""Every address of the API, asked by a generator: it keeps to its document."""

import os
import time

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.world import HOME

BEYOND = [positive_data_acceptance]
"""Some rules (a number or “all there”) are beyond what a schema says; they are refused with 422."""
MINUTES = float(os.environ.get("FUZZ_MINUTES", "0"))
"""How long to go on, over all addresses and two workers; `make fuzz` sets it."""
EXAMPLES = 200 if MINUTES else 15
WORKERS = 2


@pytest.fixture
def operations(sqlite_app):
    """What the document of a running application describes, by address and method."""
    document = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", sqlite_app)
    found = [one.ok() for one in document.get_all_operations()]
    return {f"{one.method.upper()} {one.path}": one for one in found}


NAMES = [
    "GET /api/v1/cabinets/{code}", "PATCH /api/v1/cabinets/{code}",
    "GET /api/v1/cabinets/{code}/card.pdf", "POST /api/v1/counts", "GET /api/v1/counts/{count_id}",
    "POST /api/v1/counts/{count_id}/closing", "POST /api/v1/counts/{count_id}/sightings",
    "GET /api/v1/documents", "POST /api/v1/documents", "GET /api/v1/documents/{code}",
    "POST /api/v1/documents/{code}/confirmation", "POST /api/v1/documents/{code}/decision",
    "POST /api/v1/documents/{code}/end", "POST /api/v1/documents/{code}/refusal",
    "POST /api/v1/documents/{code}/reversal",
    "POST /api/v1/documents/{code}/submission", "POST /api/v1/documents/{code}/withdrawal",
    "GET /api/v1/loans", "POST /api/v1/loans", "POST /api/v1/returns",
    "POST /api/v1/labels", "GET /api/v1/people", "GET /api/v1/resolve", "POST /api/v1/scans",
    "GET /api/v1/things", "GET /api/v1/things/{code}", "PATCH /api/v1/things/{code}",
    "GET /api/v1/kinds/{kind_id}", "PATCH /api/v1/kinds/{kind_id}", "POST /api/v1/tags",
    "POST /api/v1/tags/{tag_id}/unbinding", "GET /api/v1/attachments/{attachment_id}",
    "GET /api/v1/things/{code}/attachments", "POST /api/v1/things/{code}/attachments",
]  # fmt: skip


def test_every_address_of_the_api_is_asked(operations):
    assert sorted(operations) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_api_keeps_to_its_document(operations, sqlite_world, name):
    headers = {"Authorization": f"Bearer {sqlite_world.token('technician')}"}
    known = [*sqlite_world.items[f"{HOME}/01"], sqlite_world.cabinets[f"{HOME}/01"]]
    end, turn = time.monotonic() + MINUTES * 60 * WORKERS / len(NAMES), 0
    while turn == 0 or time.monotonic() < end:
        ask(operations[name], headers, known, turn)
        turn += 1


def ask(operation, headers, known, turn):
    """Ask an address as often as an example takes, other things each time."""

    @seed(turn)
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def asked(case):
        # Half of the names that the generator makes up are made to exist.
        given_names = case.path_parameters or {}
        case.path_parameters = {
            name: known[len(str(value)) % len(known)] if len(str(value)) % 2 else value
            for name, value in given_names.items()
        }
        case.call_and_validate(headers=headers, excluded_checks=BEYOND)

    asked()
