"""This module is about importing spreadsheets from pages: upload, dry run, choices, confirm."""

from datetime import timedelta
from typing import Any, BinaryIO

from flask import Blueprint, redirect, render_template, request, url_for

from inventory.catalogue.rules import ManagedAs
from inventory.db import db, transact
from inventory.errors import ImportInUse, Invalid, Locked, Missing, Refusal
from inventory.exchange import queries, service
from inventory.exchange.columns_service import choose_columns
from inventory.exchange.edge import Applying, keep, kept, read, stage
from inventory.exchange.papers import imports_table, template
from inventory.exchange.queries import ImportHead
from inventory.identity.queries import names
from inventory.places import queries as places
from inventory.scope import Actor, Permission
from inventory.web import tables
from inventory.web.context import actor, found, now, settings
from inventory.web.door import needs
from inventory.web.downloads import download
from inventory.web.forms import form, page_number, whole
from inventory.web.refusals import words
from inventory.web.words import COLUMN_FIELDS, say

SLICES_A_REQUEST = 8
SHOWN = 20
"""Imports on one page of their list."""
LONGEST_READING = timedelta(minutes=10)
"""After so long a file that is not there as a whole was cut off."""
bp = Blueprint("exchange", __name__)


@bp.get("/imports")
@needs(Permission.IMPORT, "page", "format", "state", "school")
def list_imports() -> Any:
    """Earlier imports, and the form for a new one."""
    if format := tables.asked_format(request.args.get("format", "")):
        session = db.session()
        heads = list(queries.imports(session, _asked(), limit=None))
        schools = {one.id: one.name for one in places.schools(session)}
        people = names(session, [one.staged_by for one in heads])
        return tables.answer(imports_table(heads, schools, people), format)
    return _list()


def _asked() -> queries.Asked:
    """
    Return which imports the address asks for.

    Raises:
        Invalid: there is no such state.
    """
    state = request.args.get("state", "")
    if state and state not in queries.STATES:
        raise Invalid(field="state", value=state[:20])
    return queries.Asked(request.args.get("school", ""), state)


def _list(message: str = "", status: int = 200) -> Any:
    session, asked, page = db.session(), _asked(), page_number()
    total = queries.count_imports(session, asked)
    heads = queries.imports(session, asked, limit=SHOWN, offset=(page - 1) * SHOWN)
    return (
        render_template(
            "exchange/imports.html", imports=list(heads), message=message, asked=asked,
            kept={name: value for name, value in asked.kept.items() if value},
            schools=places.schools(session), states=queries.STATES, total=total, page=page,
            pages=-(-total // SHOWN),
        ),
        status,
    )  # fmt: skip


@bp.get("/imports/progress")
@needs(Permission.IMPORT)
def show_progress() -> Any:
    """How far the files are that are being read at this moment, here or in the shell."""
    return render_template(
        "exchange/_progress.html",
        staging=queries.being_staged(db.session(), now() - LONGEST_READING),
    )


@bp.get("/imports/template.xlsx")
@needs(Permission.IMPORT, "school")
def show_template() -> Any:
    """The spreadsheet to fill in; its drop-downs are those of the school."""
    by = actor()
    school_id = by.school_id or request.args.get("school") or None
    session = db.session()
    if school_id:
        found(places.school(session, school_id), "school", school_id)
    return download(template(session, school_id), "登记表", "xlsx")


@bp.post("/imports")
@needs(Permission.IMPORT)
def create_import() -> Any:
    """Read and stage a spreadsheet; nothing of it is in the register until it is confirmed."""
    by = actor()
    try:
        values = form(optional=("school",))
        job = _stage(by, values["school"])
    except Refusal as refusal:
        return _list(words(refusal), refusal.status)
    return redirect(url_for("exchange.show_import", import_id=job))


def _stage(by: Actor, school_id: str) -> str:
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise Missing(field="file")
    content: BinaryIO = upload.stream  # type: ignore[assignment]
    return _read_and_stage(by, content, upload.filename, by.school_id or school_id or None)


def _read_and_stage(by: Actor, content: BinaryIO, filename: str, school_id: str | None) -> str:
    roster = read(content, filename, school_id)
    plan = service.plan(
        db.session(), by, roster, school_id=school_id,
        item_price_yuan=settings().item_price_yuan,
    )  # fmt: skip
    job = stage(by, plan, digest=service.digest_of(content), at=now())
    keep(by, job, content)
    return job


def _head(import_id: str) -> ImportHead:
    return found(queries.head(db.session(), import_id), "import", import_id)


@bp.get("/imports/<import_id>")
@needs(Permission.IMPORT, "page", "status", "undo", "fault")
def show_import(import_id: str) -> Any:
    """The dry run: what each row becomes, how many labels that means, and what is wrong."""
    return _show(_head(import_id))


def _show(head: ImportHead, message: str = "", status: int = 200) -> Any:
    session = db.session()
    wanted, page = request.args.get("status", ""), page_number()
    figures = queries.summary(session, head)
    total = figures.get(wanted, 0) if wanted else sum(head.statuses.values())
    return (
        render_template(
            "exchange/import.html", head=head, message=message, figures=figures, status=wanted,
            rows=queries.rows(session, head, status=wanted, page=page), page=page,
            pages=-(-total // queries.PAGE), classes=queries.classes(session, head),
            school=places.school(session, head.school_id),
            lacking=queries.places_to_set_up(session, head) if not head.confirmed_at else None,
            in_the_way=_in_the_way(head), faults=queries.faults(session, head),
            one_fault=_one_fault(head, page), headers=_headers(head), fields=COLUMN_FIELDS,
        ),
        status,
    )  # fmt: skip


@bp.post("/imports/<import_id>/columns")
@needs(Permission.IMPORT)
def create_columns(import_id: str) -> Any:
    """Say what the columns hold, keep that for the next time, and read the file again so."""
    by = actor()
    head = _head(import_id)
    values = _columns_form(head)
    try:
        job = _read_again(by, head, _chosen(head, values))
    except Refusal as refusal:
        return _show(head, words(refusal), refusal.status)
    return redirect(url_for("exchange.show_import", import_id=job))


def _columns_form(head: ImportHead) -> dict[str, str]:
    """The columns that the form has; the others stay as they are."""
    names = [f"{n}-{column['column']}" for n, one in _headers(head) for column in one["columns"]]
    values = form(optional=tuple(names))
    return {name: value for name, value in values.items() if name in request.form}


def _headers(head: ImportHead) -> list[tuple[int, dict[str, Any]]]:
    """The file's different headers, each once with its number, without other systems' lists."""
    found = {one["fingerprint"]: one for one in reversed(head.headers) if not one["form"]}
    return list(enumerate(reversed(found.values()), start=1))


def _chosen(head: ImportHead, values: dict[str, str]) -> dict[str, dict[str, str]]:
    """
    What was said of each header's columns, by the words over them.

    Raises:
        Invalid: there is no such field, or two columns are to hold the same.
    """
    choices: dict[str, dict[str, str]] = {}
    for n, one in _headers(head):
        told = {
            column["key"]: values.get(f"{n}-{column['column']}", column["field"] or "")
            for column in one["columns"]
        }
        for field in filter(None, told.values()):
            if field not in COLUMN_FIELDS or list(told.values()).count(field) > 1:
                raise Invalid(field="column", value=say(COLUMN_FIELDS, field)[:60])
        choices[one["fingerprint"]] = told
    return choices


def _read_again(by: Actor, head: ImportHead, choices: dict[str, dict[str, str]]) -> str:
    """Read a staged file once more as it was said, in place of the first reading."""
    with kept(by, head.id) as file:
        transact(
            lambda opened: choose_columns(
                opened, by, school_id=head.school_id, choices=choices, at=now()
            )
        )
        job = _read_and_stage(by, file, head.file, head.school_id)
    transact(lambda opened: service.discard(opened, by, import_id=head.id))
    return job


def _one_fault(head: ImportHead, page: int) -> tuple[str, list[queries.FaultView], int] | None:
    """The code that the address asks for, one page of its faults, and how many pages there are."""
    code = request.args.get("fault", "")
    if not code:
        return None
    shown, total = queries.faults_with(db.session(), head, code, page)
    return code, shown, -(-total // queries.PAGE)


def _in_the_way(head: ImportHead) -> list[queries.Obstacle] | None:
    """What keeps it from being undone, where the address asks for it."""
    if "undo" not in request.args or not head.can_be_undone:
        return None
    return queries.obstacles(db.session(), head)


@bp.post("/imports/<import_id>/choices")
@needs(Permission.IMPORT)
def create_choice(import_id: str) -> Any:
    """Switch one row, or a whole class, between single items and a batch."""
    by = actor()
    values = form(required=("managed_as",), optional=("row", "class", "status", "page"))
    if values["managed_as"] not in {"item", "batch"}:
        raise Invalid(field="managed_as", value=values["managed_as"])
    rows = [whole(values, "row")] if values["row"] else []
    _head(import_id)
    transact(
        lambda opened: service.choose(
            opened, by, import_id=import_id, managed_as=ManagedAs(values["managed_as"]),
            rows=rows, equipment_class=None if rows else values["class"],
        )
    )  # fmt: skip
    return redirect(
        url_for(
            "exchange.show_import", import_id=import_id, status=values["status"] or None,
            page=values["page"] or None,
        )
    )  # fmt: skip


@bp.post("/imports/<import_id>/application")
@needs(Permission.IMPORT)
def create_application(import_id: str) -> Any:
    """Confirm and carry out the next slices; the page asks again until all is done."""
    by = actor()
    form()
    _head(import_id)
    applying = Applying(by, import_id)
    try:
        for _ in range(SLICES_A_REQUEST):
            if not applying.slice(now()):
                break
    except Locked as refusal:  # what is done stays done, and it goes on when the place is open
        return _show(_head(import_id), words(refusal), refusal.status)
    if request.headers.get("HX-Request") == "true":
        return render_template("exchange/_applying.html", head=_head(import_id))
    return redirect(url_for("exchange.show_import", import_id=import_id))


@bp.post("/imports/<import_id>/places")
@needs(Permission.IMPORT)
def create_place_choice(import_id: str) -> Any:
    """Let the places be set up that the file names and the school lacks, or not."""
    by = actor()
    values = form(optional=("set_up",))
    _head(import_id)
    transact(
        lambda opened: service.choose_places(
            opened, by, import_id=import_id, set_up=bool(values["set_up"])
        )
    )
    return redirect(url_for("exchange.show_import", import_id=import_id))


@bp.post("/imports/<import_id>/discarding")
@needs(Permission.IMPORT)
def create_discarding(import_id: str) -> Any:
    """Throw away what was staged and never carried out."""
    by = actor()
    form()
    head = _head(import_id)
    try:
        transact(lambda opened: service.discard(opened, by, import_id=import_id))
    except Refusal as refusal:
        return _show(head, words(refusal), refusal.status)
    return redirect(url_for("exchange.list_imports"))


@bp.post("/imports/<import_id>/undoing")
@needs(Permission.IMPORT)
def create_undoing(import_id: str) -> Any:
    """Take back the next slices of an import; the page asks again until all is done."""
    by = actor()
    form()
    _head(import_id)
    try:
        _undo(by, import_id)
    except ImportInUse:
        return redirect(url_for("exchange.show_import", import_id=import_id, undo="1"))
    except Refusal as refusal:
        return _show(_head(import_id), words(refusal), refusal.status)
    if request.headers.get("HX-Request") == "true":
        return render_template("exchange/_applying.html", head=_head(import_id))
    return redirect(url_for("exchange.show_import", import_id=import_id))


def _undo(by: Actor, import_id: str) -> None:
    for _ in range(SLICES_A_REQUEST):
        if not transact(
            lambda opened: service.undo_slice(opened, by, import_id=import_id, at=now())
        ):
            return
