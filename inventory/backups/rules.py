"""This module is about when a backup is due and which of the old ones stay."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

LONGEST_WITHOUT = timedelta(days=3)
"""After this long without a verified backup the home page says so."""
AGAIN_AFTER = timedelta(hours=1)
"""After a failure it is tried again so much later."""
STAMP = "%Y%m%d-%H%M%S"
NAME = re.compile(r"tallycard-(?P<deployment>[0-9a-f]{8})-(?P<stamp>\d{8}-\d{6})\.zip")


@dataclass(frozen=True, slots=True)
class Keep:
    """How many backups stay: the last of so many days, of so many weeks, of so many months."""

    days: int
    weeks: int
    months: int

    @classmethod
    def parsed(cls, text: str) -> "Keep":
        """Read `14 8 12`."""
        days, weeks, months = (int(part) for part in text.split())
        return cls(days, weeks, months)


def last_moment(now: datetime, at: time, zone: tzinfo) -> datetime:
    """Return the latest moment, not after now, for which a backup is scheduled."""
    here = now.astimezone(zone)
    moment = here.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return moment if moment <= here else moment - timedelta(days=1)


def is_due(moment: datetime, now: datetime, good: datetime | None, tried: datetime | None) -> bool:
    """
    Whether the scheduled backup of that moment is still to be made, soon after a start as well.

    What lies in the future comes from a clock that was wrong, and counts for nothing.
    """
    if good is not None and moment <= good <= now:
        return False
    return tried is None or tried > now or tried < moment or now - tried >= AGAIN_AFTER


def name_of(deployment: str, at: datetime, zone: tzinfo) -> str:
    """Return the file name of a scheduled backup; its time is local, for people read it."""
    return f"tallycard-{deployment}-{at.astimezone(zone).strftime(STAMP)}.zip"


def superfluous(names: Iterable[str], deployment: str, keep: Keep) -> list[str]:
    """
    Return the backups of this deployment that need not stay.

    Of each day, week and month the last one stands for it; the newest of all always stays.
    """
    ours = sorted(
        (datetime.strptime(found["stamp"], STAMP), name)  # noqa: DTZ007 - local time, as in the name
        for name in names
        if (found := NAME.fullmatch(name)) and found["deployment"] == deployment
    )
    staying = {name for _, name in ours[-1:]}
    for form, most in (("%Y%m%d", keep.days), ("%G-%V", keep.weeks), ("%Y%m", keep.months)):
        last = {at.strftime(form): name for at, name in ours}
        staying.update(list(last.values())[-most:] if most else [])
    return [name for _, name in ours if name not in staying]
