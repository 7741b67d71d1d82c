"""Counting what the database is asked: statements sent, objects loaded. Never milliseconds."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event

from inventory.base import Base


@dataclass(slots=True)
class Asked:
    """What was asked while somebody looked."""

    statements: int = 0
    objects: int = 0


@contextmanager
def asked_of(engine: Engine) -> Iterator[Asked]:
    """Count the statements of an engine and the objects that sessions load from their rows."""
    seen = Asked()

    def sent(*_: Any) -> None:
        seen.statements += 1

    def loaded(*_: Any) -> None:
        seen.objects += 1

    event.listen(engine, "before_cursor_execute", sent)
    event.listen(Base, "load", loaded, propagate=True)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", sent)
        event.remove(Base, "load", loaded)
