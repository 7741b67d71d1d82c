"""When a nightly backup is due, and which of the old ones stay."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from inventory.backups.rules import Keep, is_due, last_moment, name_of, superfluous

SHANGHAI = ZoneInfo("Asia/Shanghai")
HALF_PAST_TWO = time(2, 30)
OURS, OTHERS = "0a1b2c3d", "ffffffff"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


def moment(now: datetime) -> datetime:
    return last_moment(now, HALF_PAST_TWO, SHANGHAI)


def test_the_moment_is_that_of_today_or_else_of_yesterday():
    assert moment(at(25, 2, 30)) == at(25, 2, 30)
    assert moment(at(25, 2, 29)) == at(24, 2, 30)
    assert moment(at(25, 14).astimezone(UTC)) == at(25, 2, 30)


def due(now: datetime, good: datetime | None = None, tried: datetime | None = None) -> bool:
    return is_due(moment(now), now, good, tried)


def test_a_backup_is_due_once_a_night():
    assert due(at(25, 2, 30), good=at(24, 2, 31), tried=at(24, 2, 31))
    assert not due(at(25, 2, 32), good=at(25, 2, 31), tried=at(25, 2, 31))
    assert not due(at(26, 2, 29), good=at(25, 2, 31), tried=at(25, 2, 31))


def test_what_was_missed_while_switched_off_is_due_after_the_start():
    assert due(at(25, 8), good=at(22, 2, 31), tried=at(22, 2, 31))
    assert due(at(25, 8))


def test_after_a_failure_it_is_tried_again_an_hour_later():
    assert not due(at(25, 3, 20), good=at(24, 2, 31), tried=at(25, 2, 31))
    assert due(at(25, 3, 31), good=at(24, 2, 31), tried=at(25, 2, 31))


def test_a_backup_from_the_future_counts_for_nothing():
    assert due(at(25, 8), good=at(29, 2, 31), tried=at(29, 2, 31))


def name(deployment: str, when: datetime) -> str:
    return name_of(deployment, when, SHANGHAI)


def test_days_weeks_and_months_stay_and_others_files_are_left_alone():
    begin = datetime(2026, 1, 1, 2, 30, tzinfo=SHANGHAI)
    nights = [name(OURS, begin + timedelta(days=n)) for n in range(300)]
    foreign = [name(OTHERS, begin), "holiday.jpg", "tallycard.zip"]

    gone = superfluous([*nights, *foreign], OURS, Keep(7, 4, 6))
    left = [one for one in nights if one not in gone]

    assert set(gone).isdisjoint(foreign)
    assert left[-7:] == nights[-7:]
    months = {one.split("-")[2][:6] for one in left}
    assert months == {"202605", "202606", "202607", "202608", "202609", "202610"}
    assert 7 + 3 + 4 <= len(left) <= 7 + 4 + 6


@given(
    st.lists(st.integers(0, 730 * 24), min_size=1, max_size=40),
    st.integers(0, 5), st.integers(0, 5), st.integers(0, 5),
)  # fmt: skip
def test_the_newest_always_stays_and_removing_again_removes_nothing(hours, days, weeks, months):
    begin = datetime(2025, 1, 1, tzinfo=SHANGHAI)
    names = sorted({name(OURS, begin + timedelta(hours=one)) for one in hours})
    keep = Keep(days, weeks, months)

    gone = superfluous(names, OURS, keep)
    left = [one for one in names if one not in gone]

    assert left
    assert max(names) in left
    assert superfluous(left, OURS, keep) == []
    assert len(left) <= days + weeks + months + 1
