"""This module is about putting the house together: settings, extensions, capabilities."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import structlog
from apiflask import APIFlask
from flask import request

import inventory.search.service  # noqa: F401 - from now on terms follow what sessions write
from inventory import db as database
from inventory.api import document
from inventory.api import edge as api_edge
from inventory.catalogue import api as catalogue_api
from inventory.catalogue import changes as catalogue
from inventory.catalogue import pages as catalogue_pages
from inventory.config import Config, load
from inventory.counting import api as counting_api
from inventory.counting import changes as counting
from inventory.counting import pages as counting_pages
from inventory.counting.task import CountTask
from inventory.custody import api as custody_api
from inventory.custody import changes as custody
from inventory.custody import pages as custody_pages
from inventory.custody.service import LIFE_DEEDS
from inventory.custody.transfers_service import TRANSFER_DEEDS
from inventory.db import LANE, PROMISES, SharedCommits
from inventory.exchange import pages as exchange_pages
from inventory.identity import changes as identity
from inventory.identity import edge as identity_edge
from inventory.identity import pages as identity_pages
from inventory.identity.service import actors_by_token
from inventory.journal.changes import Projector
from inventory.ledger import (
    books_pages,
    documents_api,
    documents_pages,
    merging_pages,
    receipts_pages,
)
from inventory.ledger import changes as ledger
from inventory.ledger import pages as ledger_pages
from inventory.ledger.bound_queries import promised
from inventory.ledger.documents_service import Deed, ReversalDeed, Rules
from inventory.ledger.receipts_service import ReceiptDeed
from inventory.ledger.rules import DocumentType, chains
from inventory.places import changes as places
from inventory.printing import api as printing_api
from inventory.printing import pages as printing_pages
from inventory.register import api as register_api
from inventory.register import (
    attachments_api,
    attachments_pages,
    bulk_pages,
    cards_pages,
    lists_pages,
    placing_pages,
    tags_api,
)
from inventory.register import changes as register
from inventory.register import pages as register_pages
from inventory.register.queries import uses_of_kinds
from inventory.reports import pages as reports_pages
from inventory.scanning import api as scanning_api
from inventory.scanning import pages as scanning_pages
from inventory.scanning import tags_pages
from inventory.scanning.express import Express
from inventory.scanning.service import Answers, Sealed, Submission, Task, take_in_all
from inventory.staff import api as staff_api
from inventory.staff import pages as staff_pages
from inventory.web import door, health, shell
from inventory.web.context import CABINET, FIND, HOME, THING
from inventory.web.context import PARTS as PAGE_PARTS
from inventory.web.keeping import backup_warning

PACKAGE = Path(__file__).resolve().parent
PROJECTORS: tuple[Projector, ...] = (
    identity.PROJECTOR,
    places.PROJECTOR,
    catalogue.PROJECTOR,
    register.PROJECTOR,
    ledger.PROJECTOR,
    custody.PROJECTOR,
    counting.PROJECTOR,
)
PARTS = {
    HOME: (
        backup_warning,
        documents_pages.waiting_for_me,
        counting_pages.open_counts,
        placing_pages.unplaced_part,
    ),
    CABINET: (cards_pages.card_life, counting_pages.counts_of),
    FIND: (documents_pages.found_documents,),
    THING: (custody_pages.custody_of_thing, documents_pages.documents_of_thing),
}
"""What capabilities show on the pages of those below them."""
DEEDS: dict[str, Deed] = {
    **LIFE_DEEDS, **TRANSFER_DEEDS, DocumentType.RECEIPT.value: ReceiptDeed(),
}  # fmt: skip
DEEDS[DocumentType.REVERSAL.value] = ReversalDeed(DEEDS)
"""What each type of document does; a reversal takes back what one of the others did."""
TASKS: tuple[Task, ...] = (CountTask(),)
PAGES = (
    identity_pages.bp,
    scanning_pages.bp,
    tags_pages.bp,
    catalogue_pages.bp,
    register_pages.bp,
    cards_pages.bp,
    ledger_pages.bp,
    documents_pages.bp,
    receipts_pages.bp,
    custody_pages.bp,
    attachments_pages.bp,
    placing_pages.bp,
    merging_pages.bp,
    lists_pages.bp,
    bulk_pages.bp,
    books_pages.bp,
    printing_pages.bp,
    counting_pages.bp,
    exchange_pages.bp,
    staff_pages.bp,
    reports_pages.bp,
    health.bp,
)
APIS = (
    scanning_api.bp,
    catalogue_api.bp,
    register_api.bp,
    tags_api.bp,
    attachments_api.bp,
    printing_api.bp,
    documents_api.bp,
    custody_api.bp,
    counting_api.bp,
    staff_api.bp,
)


def template_folder() -> Path:
    """Beside the package in a checkout, inside it once installed."""
    installed = PACKAGE / "templates"
    return installed if installed.is_dir() else PACKAGE.parent / "templates"


def create_app(config: Config | None = None) -> APIFlask:
    """Return the application: every capability's pages and API, on one database."""
    settings = config or load()
    app = APIFlask(
        "inventory",
        title="Tallycard",
        version="v1",
        spec_path="/api/v1/openapi.json",
        docs_path=None,
        json_errors=False,
        root_path=str(PACKAGE),
        template_folder=str(template_folder()),
        static_folder=str(PACKAGE / "static"),
    )
    app.jinja_options = {"autoescape": True}
    database.init_app(app, settings)
    identity_edge.init_app(app)
    shell.init_app(app, settings, identity_edge.page_actor)
    identity_edge.guard(app)
    api_edge.init_app(app, identity_edge.token_actor)
    document.init_app(app)
    _take_scans_in(app, TASKS)
    app.extensions[PAGE_PARTS] = PARTS
    app.extensions[catalogue_pages.USES] = uses_of_kinds
    app.extensions[PROMISES] = promised
    app.extensions[documents_pages.RULES] = Rules(DEEDS, chains(settings.approvals))
    for blueprint in (*PAGES, *APIS):
        app.register_blueprint(blueprint)
    door.refuse_silent_views(app)
    app.before_request(ask_at_the_door_of_pages)
    _shorten_the_way_of_scans(app)
    shell.trust_proxies(app, settings)
    _log(app)
    return app


def ask_at_the_door_of_pages() -> None:
    """Ask last of all, when it is known who sent the request; the API asks by itself."""
    if not request.path.startswith(f"{api_edge.PREFIX}/"):
        door.ask()


def _take_scans_in(app: APIFlask, tasks: Sequence[Task]) -> None:
    app.extensions[scanning_api.INTAKE] = SharedCommits[Submission | Sealed, Answers](
        app.extensions[LANE],
        partial(take_in_all, tasks=tasks, find_actors=actors_by_token),
    )


def _shorten_the_way_of_scans(app: APIFlask) -> None:
    with app.app_context():
        engine = database.db.engine
    app.wsgi_app = Express(  # type: ignore[method-assign]
        app.wsgi_app,
        path=f"{api_edge.PREFIX}/scans",
        engine=engine,
        intake=app.extensions[scanning_api.INTAKE],
        knows_host=shell.host_check(app),
        headers=(*shell.HEADERS.items(), ("Cache-Control", "no-store")),
    )


def _log(app: APIFlask) -> None:
    """JSON lines for machines; never a payload of a form, a header or a token."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    app.logger.disabled = True
