"""This module is about showing values in pages: codes in groups, times, money, words."""

from datetime import datetime
from typing import Any

from flask import Flask, g, request, session

from inventory.web import words
from inventory.web.context import actor, time_zone, words_locale
from inventory.web.refusals import is_refused

THEMES = ("light", "dark")


def init_app(app: Flask) -> None:
    """Give the templates their filters and the values that every page needs."""
    app.jinja_env.filters.update(
        code=code, money=money, moment=moment, day=day, words=say, device=device
    )
    app.jinja_env.globals.update(tones=words.TONES, is_refused=is_refused)  # all that macros see
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.context_processor(_every_page)


def code(value: str) -> str:
    """Write a code in the groups in which it is read aloud."""
    return f"{value[0:3]} {value[3:6]} {value[6:9]} {value[9:11]}"


def money(cents: int | None) -> str:
    """Write an amount in yuan from cents; nothing when it is not known."""
    return "" if cents is None else f"{cents / 100:,.2f}"


def moment(at: datetime | None) -> str:
    """Write an instant in the deployment's zone, to the minute."""
    return at.astimezone(time_zone()).strftime("%Y-%m-%d %H:%M") if at else ""


def day(at: datetime | None) -> str:
    """Write the day of an instant in the deployment's zone."""
    return moment(at)[:10]


def device(agent: str) -> str:
    """Write what a browser calls itself as people know it: Chrome · Android."""
    browsers = {"Edg": "Edge", "MicroMessenger": "WeChat", "Firefox": "Firefox",
                "Chrome": "Chrome", "Safari": "Safari"}  # fmt: skip
    systems = {"iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows",
               "Mac OS": "macOS", "Linux": "Linux"}  # fmt: skip
    found = [
        next((name for sign, name in table.items() if sign in agent), "")
        for table in (browsers, systems)
    ]
    return " · ".join(filter(None, found)) or agent[:40] or "—"


def say(value: object, table: str) -> str:
    """Return the words of a stored value from one of the tables of words."""
    return words.say(getattr(words, table), value)


def _every_page() -> dict[str, Any]:
    theme = request.cookies.get("theme", "")
    return {
        "actor": actor(),
        "lang": words_locale(),
        "nonce": g.get("nonce", ""),
        "theme": theme if theme in THEMES else "",
        "person_name": session.get("name", ""),
        "has_pin": bool(session.get("has_pin")),
    }
