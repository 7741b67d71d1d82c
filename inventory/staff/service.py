"""This module is about the first installation: an administrator and, mostly, a school."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from inventory.config import is_address
from inventory.errors import AlreadySetUp, BadAddress, HoldsDemonstration, Invalid, Missing
from inventory.identity.models import Person
from inventory.identity.queries import anybody, holds_demonstration
from inventory.identity.service import LANGUAGES, add_person
from inventory.places.models import School
from inventory.places.service import open_school
from inventory.scope import Actor, Permission, Role, requires

STAGES = ("小学", "初中", "高中", "九年一贯制", "完全中学", "十二年一贯制", "职业学校")
LONGEST_SCHOOL = 80


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a new deployment begins with. Without a school it is a bureau's, for a district."""

    login: str
    name: str
    password: str
    school_id: str | None
    school: str
    stage: str
    url: str
    language: str


def refuse_when_set_up(session: Session) -> None:
    """
    Let only an empty beginning go on. The session must see everybody.

    Raises:
        HoldsDemonstration, AlreadySetUp: the demonstration is there; somebody can sign in.
    """
    if holds_demonstration(session):
        raise HoldsDemonstration
    if anybody(session):
        raise AlreadySetUp


def checked_address(url: str) -> str:
    """
    Return a server's address as it is kept.

    Raises:
        BadAddress: it is none.
    """
    if not is_address(url):
        raise BadAddress(field="url", value=url[:60])
    return url.strip().rstrip("/")


@requires(Permission.ADMINISTER)
def set_up(session: Session, by: Actor, beginning: Beginning, *, at: datetime) -> Person:
    """
    Make the first administrator, of a school that is entered if it is not there, or of a bureau.

    Raises:
        AlreadySetUp, HoldsDemonstration: somebody can sign in; the demonstration is there.
        Missing, Invalid, BadAddress, BadLogin, BadSchoolNumber, ShortPassword: an answer is
            missing or not one.
    """
    refuse_when_set_up(session)
    checked_address(beginning.url)
    if beginning.language not in LANGUAGES:
        raise Invalid(field="language", value=beginning.language[:60])
    if beginning.school_id is not None:
        _enter_school(session, by, beginning, at)
    person = add_person(
        session, by, name=beginning.name, login=beginning.login, password=beginning.password,
        role=Role.ADMINISTRATOR, school_id=beginning.school_id, at=at,
    )  # fmt: skip
    person.language = beginning.language
    return person


def _enter_school(session: Session, by: Actor, beginning: Beginning, at: datetime) -> None:
    """A school that an import entered before is taken as it is."""
    number = beginning.school_id or ""
    if number and session.get(School, number) is not None:
        return
    if not beginning.school.strip():
        raise Missing(field="school")
    if len(beginning.school) > LONGEST_SCHOOL:
        raise Invalid(field="school", value=beginning.school[:60])
    if beginning.stage not in STAGES:
        raise Invalid(field="stage", value=beginning.stage[:60])
    open_school(session, by, number=number, name=beginning.school, stage=beginning.stage, at=at)
