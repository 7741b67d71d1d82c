"""This module is about the pages of the first installation, of people, and of their badges."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_limiter.util import get_remote_address

from inventory.backups.place import examine
from inventory.config import write_settings
from inventory.db import db, transact
from inventory.errors import (
    AlreadySetUp,
    BadBackupFolder,
    HoldsDemonstration,
    Invalid,
    NotAllowed,
    NothingToPrint,
    NotYourself,
    PasswordsDiffer,
    Refusal,
    WrongSetupCode,
)
from inventory.identity import edge as identity_edge
from inventory.identity import queries, service
from inventory.identity.queries import PersonRow, administered
from inventory.identity.rules import granted, one_time_password
from inventory.places import queries as places
from inventory.printing import jobs
from inventory.printing.service import stock_names
from inventory.register import service as register
from inventory.register import tags_queries as tags
from inventory.register.rules import code_in
from inventory.scope import OPERATOR, Actor, Permission, Role, bind
from inventory.staff import edge
from inventory.staff.service import STAGES, Beginning, refuse_when_set_up, set_up
from inventory.web import tables
from inventory.web.context import CONFIG, LANGUAGES, act_as, actor, found, now, settings
from inventory.web.door import for_everybody, for_signed_in, needs
from inventory.web.downloads import download
from inventory.web.forms import form, page_number, whole
from inventory.web.refusals import words
from inventory.web.shell import limiter
from inventory.web.tables import Table
from inventory.web.words import ROLES, say

SOMEBODY = "tallycard_somebody"
MOST_FOUND = 20
MOST_IN_A_FILE = 100_000
ANSWERS = ("login", "name", "number", "school", "stage", "url", "language", "backup_to")
bp = Blueprint("staff", __name__)


# --- the first installation ----------------------------------------------------------------


@bp.before_app_request
def lead_to_setup() -> Any:
    """
    Lead every page of a database in which nobody can sign in to the first page.

    Asked only until somebody can: after that no request pays for it.
    """
    if current_app.extensions.get(SOMEBODY) or actor().role is not None:
        return None
    if request.path.startswith(("/api/", "/static/", "/healthz", "/metrics")):
        return None
    if _somebody() or request.endpoint in SETUP_PAGES:
        return None
    return redirect(url_for("staff.show_setup"))


SETUP_PAGES = frozenset(
    {"staff.show_setup", "staff.create_setup", "identity.set_language", "identity.set_theme"}
)


def _somebody() -> bool:
    """Whether somebody can sign in; once true it stays true as long as the server runs."""
    bind(db.session(), OPERATOR)
    there = queries.anybody(db.session())
    act_as(actor())
    if there:
        current_app.extensions[SOMEBODY] = True
    return there


@bp.get("/setup")
@for_everybody()
def show_setup() -> Any:
    """The first page of an empty deployment."""
    if _somebody():
        return redirect(url_for("scanning.home"))
    values = dict.fromkeys((*ANSWERS, "setup_code"), "") | {
        "url": request.host_url.rstrip("/"), "language": settings().language, "stage": STAGES[1],
        "what": "school",
    }  # fmt: skip
    return _setup(values)


def _setup(values: dict[str, str], message: str = "", status: int = 200) -> Any:
    return (
        render_template("staff/setup.html", values=values, message=message, stages=STAGES),
        status,
    )


@bp.post("/setup")
@limiter.limit("10 per minute", key_func=get_remote_address)
@for_everybody()
def create_setup() -> Any:
    """Make the first administrator and their school; a refusal keeps the answers."""
    values = form(optional=("setup_code", "what", "password", "again", *ANSWERS))
    try:
        person = _begin(values)
    except Refusal as refusal:
        if isinstance(refusal, AlreadySetUp | HoldsDemonstration):
            raise
        return _setup(values, words(refusal), refusal.status)
    current_app.extensions[SOMEBODY] = True
    edge.forget_setup_code(settings())
    url, language = values["url"].rstrip("/"), values["language"]
    folder = {"backup_to": values["backup_to"]} if values["backup_to"] else {}
    write_settings(settings().data, {"url": url, "language": language} | folder)
    current_app.extensions[CONFIG] = replace(
        settings(), url=url, language=language,
        backup_to=values["backup_to"] or settings().backup_to,
    )  # fmt: skip
    identity_edge.begin(person)
    return redirect(url_for("scanning.home"))


def _begin(values: dict[str, str]) -> Any:
    bind(db.session(), OPERATOR)
    refuse_when_set_up(db.session())
    if not edge.is_setup_code(settings(), values["setup_code"]):
        raise WrongSetupCode
    if values["password"] != values["again"]:
        raise PasswordsDiffer(field="again")
    if values["backup_to"]:
        _examine_backup_folder(Path(values["backup_to"]))
    if values["what"] not in {"school", "district"}:
        raise Invalid(field="what", value=values["what"][:60])
    beginning = Beginning(
        login=values["login"],
        name=values["name"],
        password=values["password"],
        school_id=values["number"] if values["what"] == "school" else None,
        school=values["school"],
        stage=values["stage"],
        url=values["url"],
        language=values["language"],
    )
    person = transact(lambda opened: set_up(opened, OPERATOR, beginning, at=now()))
    return queries.person(db.session(), person.id)


def _examine_backup_folder(folder: Path) -> None:
    """
    Look at a folder that somebody typed; one that is not there is more likely a slip than a wish.

    Raises:
        BadBackupFolder: it will not do.
    """
    if not folder.is_dir():
        raise BadBackupFolder(field="backup_to", folder=str(folder), reason="not_there", detail="")
    examine(settings(), folder)


# --- people --------------------------------------------------------------------------------


def _theirs(by: Actor, person_id: str) -> PersonRow:
    """The person, when they are one of the administrator's."""
    row = queries.person_row(db.session(), person_id)
    return found(row if row and administered(by, row.school_id) else None, "person", person_id)


@bp.get("/people")
@needs(Permission.ADMINISTER, "page", "q", "school", "format")
def list_people() -> Any:
    """People of the administrator's schools, found by name, initials or account."""
    if format := tables.asked_format(request.args.get("format", "")):
        return tables.answer(_people_table(), format)
    return _list()


def _people_table() -> Table:
    """The people that the page finds, all of them, as a file."""
    session = db.session()
    text, school_id = request.args.get("q", "").strip(), request.args.get("school", "")
    rows, _ = queries.people(session, text, school_id=school_id or None, size=MOST_IN_A_FILE)
    schools = {one.id: one.name for one in places.schools(session)}
    columns = (
        (gettext("School"), 18), (gettext("Name"), 14), (gettext("Account"), 16),
        (gettext("Role"), 16), (gettext("Can sign in"), 10), (gettext("Badge"), 14),
    )  # fmt: skip
    cells = (
        (
            schools.get(row.school_id or "", ""), row.name, row.login or "",
            say(ROLES, row.role) if row.role else "",
            gettext("yes") if row.can_sign_in else gettext("no"), row.code or "",
        )
        for row in rows
    )  # fmt: skip
    return Table(gettext("People"), columns, cells)


def _list(message: str = "", status: int = 200) -> Any:
    text, school_id = request.args.get("q", "").strip(), request.args.get("school", "")
    page = page_number()
    rows, total = queries.people(db.session(), text, school_id=school_id or None, page=page)
    schools = places.schools(db.session())
    return (
        render_template(
            "staff/people.html", rows=rows, total=total, text=text, page=page,
            pages=-(-total // queries.PAGE), schools=schools, school_id=school_id,
            school_names={one.id: one.name for one in schools}, message=message,
            stocks=stock_names(),
        ),
        status,
    )  # fmt: skip


@bp.get("/people/search")
@for_signed_in("q")
def search_people() -> Any:
    """People as a fragment of choices, for forms that ask who; `name` is that of the field."""
    by = actor()
    if not by.may(Permission.SEE):
        raise NotAllowed(permission=Permission.SEE.value)
    text = request.args.get("q", "").strip()
    rows = find_people(text) if text else []
    return render_template("staff/_found.html", rows=rows, text=text)


def find_people(text: str) -> list[PersonRow]:
    """Return active people of the schools in sight by badge, name, initials or account."""
    code = code_in(text)
    if code:
        row = queries.person_by_code(db.session(), code)
        return [row] if row and row.is_active else []
    rows, _ = queries.people(db.session(), text, size=MOST_FOUND, only_active=True)
    return rows


@bp.get("/people/new")
@needs(Permission.ADMINISTER, "school")
def new_person() -> Any:
    """The form for somebody new."""
    by = actor()
    schools = places.schools(db.session())
    only = schools[0].id if len(schools) == 1 else ""
    return _new(
        {
            "name": "", "login": "", "role": Role.TECHNICIAN.value,
            "school": by.school_id or request.args.get("school", only),
        }
    )  # fmt: skip


def _new(values: dict[str, str], message: str = "", status: int = 200) -> Any:
    return (
        render_template(
            "staff/new_person.html", values=values, message=message,
            schools=places.schools(db.session()), roles=[one.value for one in Role],
        ),
        status,
    )  # fmt: skip


@bp.post("/people")
@needs(Permission.ADMINISTER)
def create_person() -> Any:
    """Add somebody with a one-time password, which is shown once."""
    by = actor()
    values = form(optional=("name", "login", "role", "school"))
    password = one_time_password()
    hashed = service.hash_password(password)
    school_id = values["school"] or by.school_id
    try:
        role = _role(values["role"])
        if school_id:
            found(places.school(db.session(), school_id), "school", school_id)
        person = transact(
            lambda opened: service.add_person(
                opened, by, name=values["name"], login=values["login"], password=hashed,
                role=role, school_id=school_id, must_change=True, at=now(),
            )
        )  # fmt: skip
    except Refusal as refusal:
        return _new(values, words(refusal), refusal.status)
    return _person(by, person.id, password=password)


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise Invalid(field="role", value=text[:60]) from None


@bp.get("/people/<person_id>")
@for_signed_in()
def show_person(person_id: str) -> Any:
    """A person: for their administrator with everything, for others name, role and badge."""
    by = actor()
    if not by.may(Permission.SEE):
        raise NotAllowed(permission=Permission.SEE.value)
    return _person(by, person_id)


def _person(
    by: Actor, person_id: str, *, message: str = "", status: int = 200, password: str = "",
    secret: str = "",
) -> Any:  # fmt: skip
    database = db.session()
    row = queries.person_row(database, person_id)
    in_sight = row is not None and administered(by, row.school_id)
    row = found(row if in_sight else None, "person", person_id)
    manages = by.may(Permission.ADMINISTER)
    role = Role(row.role) if row.role else None
    return (
        render_template(
            "staff/person.html", row=row, message=message, password=password, secret=secret,
            manages=manages, is_me=row.id == by.id, roles=[one.value for one in Role],
            languages=LANGUAGES, stocks=stock_names(),
            tags=tags.of(database, row.school_id, row.code) if row.school_id and row.code else [],
            school=places.school(database, row.school_id) if row.school_id else None,
            sessions=queries.sign_ins_of(database, row.id, now() - identity_edge.lifetimes()[0])
            if manages else [],
            tokens=queries.tokens_of(database, [row.id]) if manages else [],
            scopes=[one for one in Permission if role and one in granted(role)],
        ),
        status,
    )  # fmt: skip


@bp.get("/badges/<code>")
@for_signed_in()
def show_badge(code: str) -> Any:
    """The person whose badge was scanned."""
    row = found(queries.person_by_code(db.session(), code_in(code) or code), "person", code)
    return redirect(url_for("staff.show_person", person_id=row.id))


@bp.post("/people/<person_id>")
@needs(Permission.ADMINISTER)
def edit_person(person_id: str) -> Any:
    """Change name, role and language."""
    by = actor()
    row = _theirs(by, person_id)
    values = form(optional=("name", "role", "language"))
    try:
        role = _role(values["role"]) if values["role"] or row.role else None
        transact(
            lambda opened: service.edit_person(
                opened, by, person_id=person_id, name=values["name"], role=role,
                language=values["language"], at=now(),
            )
        )  # fmt: skip
    except Refusal as refusal:
        return _person(by, person_id, message=words(refusal), status=refusal.status)
    return redirect(url_for("staff.show_person", person_id=person_id))


@bp.post("/people/<person_id>/disabling")
@needs(Permission.ADMINISTER)
def disable_person(person_id: str) -> Any:
    """Let a person no longer sign in; sessions, PINs and tokens end."""
    by = actor()
    form()
    try:
        transact(lambda opened: service.disable_person(opened, by, person_id=person_id, at=now()))
    except NotYourself as refusal:
        return _person(by, person_id, message=words(refusal), status=refusal.status)
    return redirect(url_for("staff.show_person", person_id=person_id))


@bp.post("/people/<person_id>/enabling")
@needs(Permission.ADMINISTER)
def enable_person(person_id: str) -> Any:
    """Let a person sign in again."""
    by = actor()
    form()
    transact(lambda opened: service.enable_person(opened, by, person_id=person_id, at=now()))
    return redirect(url_for("staff.show_person", person_id=person_id))


@bp.post("/people/<person_id>/password")
@needs(Permission.ADMINISTER)
def reset_password(person_id: str) -> Any:
    """Give a person a one-time password and show it, once."""
    by = actor()
    form()
    _theirs(by, person_id)
    password = one_time_password()
    hashed = service.hash_password(password)
    try:
        transact(
            lambda opened: service.reset_password(
                opened, by, person_id=person_id, password=hashed, is_one_time=True, at=now()
            )
        )
    except NotYourself as refusal:
        return _person(by, person_id, message=words(refusal), status=refusal.status)
    return _person(by, person_id, password=password)


@bp.post("/people/<person_id>/sessions/ending")
@needs(Permission.ADMINISTER)
def end_sessions(person_id: str) -> Any:
    """End all sessions of a person."""
    by = actor()
    form()
    transact(
        lambda opened: service.end_sign_ins(opened, by, person_id=person_id, keep=None, at=now())
    )
    return redirect(url_for("staff.show_person", person_id=person_id))


@bp.post("/people/<person_id>/tokens")
@needs(Permission.ADMINISTER)
def create_token(person_id: str) -> Any:
    """Make a token with which a program acts as a person, and show it, once."""
    by = actor()
    row = _theirs(by, person_id)
    try:
        values = form(required=("name",), optional=tuple(one.value for one in Permission))
        scopes = frozenset(one for one in Permission if values[one.value])
        _, secret = transact(
            lambda opened: service.issue_token(
                opened, by, login=row.login or "", name=values["name"], scopes=scopes, at=now()
            )
        )
    except Refusal as refusal:
        return _person(by, person_id, message=words(refusal), status=refusal.status)
    return _person(by, person_id, secret=secret)


# --- badges --------------------------------------------------------------------------------


@bp.post("/people/badges")
@needs(Permission.ADMINISTER)
def create_badges() -> Any:
    """Print the badges of the people chosen; who has no code yet gets one."""
    by = actor()
    values = form(optional=("person", "stock", "skip", "symbol"))
    try:
        printed = print_badges(by, request.form.getlist("person"), values)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _list(words(refusal), refusal.status)
    return download(printed.content, "badges", printed.extension)


def print_badges(by: Actor, ids: list[str], values: dict[str, str]) -> jobs.Printed:
    """Give codes to those who have none, then print; a badge is a label like any other."""
    if not ids:
        raise NothingToPrint
    order = jobs.Order(
        stock=values["stock"] or "60x40",
        skip=whole(values, "skip", 0),
        symbol=values["symbol"] or "digits",
    )
    jobs.check(len(ids), order)  # before codes are used up for nothing
    chosen = list(dict.fromkeys(ids))
    transact(lambda opened: register.codes_for_people(opened, by, person_ids=chosen, at=now()))
    rows = queries.people_by_id(db.session(), chosen)
    schools = {one.id: one.name for one in places.schools(db.session())}
    badges = [
        jobs.Badge(row.code or "", row.school_id, row.name, _title(row),
                   schools.get(row.school_id or "", gettext("Education bureau")))
        for row in rows
    ]  # fmt: skip
    return jobs.print_badges(by, badges, order)


def _title(row: PersonRow) -> str:
    return say(ROLES, row.role) if row.role else ""
