"""This module is about what goes on in the demonstration: a loan, a scrapping, a transfer."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select

from inventory.scope import OPERATOR, Actor, bind

LENT, DUE = 2, "2026-09-18"
REASON = "物镜霉变，修理费用超过原价一半"
NEEDED = LENT + 3


def go_on(schools: list[str], at: datetime) -> None:
    """Let the first school lend, ask for a scrapping, and send something to the second."""
    from inventory.custody.service import Wanted, lend
    from inventory.ledger import documents_service as documents
    from inventory.ledger.documents_pages import document_rules
    from inventory.ledger.documents_service import Decision, Line
    from inventory.ledger.rules import DocumentType

    manager, principal, teacher = (_actor(one) for one in ("manager", "principal", "teacher"))
    items = _items(schools[0])
    if not (manager and principal and teacher) or len(items) < NEEDED:
        return
    day: dict[str, Any] = {"school_id": schools[0], "rules": document_rules(), "at": at}
    wanted = [Wanted(code) for code in items[:LENT]]
    _as(
        manager,
        lambda session: lend(
            session, manager, wanted, person_id=teacher.id, due=DUE, reason="分组实验",
            today=at.date(), **day,
        ),
    )  # fmt: skip
    _hand_in(manager, day, DocumentType.SCRAP, [Line(items[LENT])], reason=REASON)
    if len(schools) > 1:
        lines = [Line(code) for code in items[LENT + 1 :]]
        sent = _hand_in(
            manager, day, DocumentType.TRANSFER, lines, other_school=schools[1], reason="余缺调剂"
        )
        _as(
            principal,
            lambda session: documents.decide(
                session, principal, Decision(True), document_id=sent, today=at.date(), **day
            ),
        )
    bind(_session(), OPERATOR)


def _session() -> Any:
    from inventory.db import db

    return db.session()


def _actor(login: str) -> Actor | None:
    from inventory.identity.models import Person

    session = _session()
    bind(session, OPERATOR)
    person = session.scalar(select(Person).where(Person.login == login))
    return person.actor() if person else None


def _items(school: str) -> list[str]:
    """A few single things of a school, the same every time."""
    from inventory.register.models import Thing

    query = select(Thing.code).where(Thing.school_id == school, Thing.managed_as == "item")
    return list(_session().scalars(query.order_by(Thing.code).limit(NEEDED)))


def _as(who: Actor, work: Callable[[Any], Any]) -> str:
    """Do something as somebody in one transaction; return the id of what came of it."""
    from inventory.db import transact

    bind(_session(), who)
    return transact(lambda session: str(work(session).id))


def _hand_in(who: Actor, day: dict[str, Any], type: Any, lines: list[Any], **more: Any) -> str:
    from inventory.ledger import documents_service as documents
    from inventory.ledger.documents_service import Draft

    draft = Draft(type, tuple(lines), **more)
    today = day["at"].date()
    code = _as(who, lambda session: documents.draft(session, who, draft, today=today, **day))
    _as(who, lambda session: documents.submit(session, who, document_id=code, **day))
    return code
