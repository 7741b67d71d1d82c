"""A scan is a fact with a name, a time and nothing else."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from scanner import Medium, Scan

CHINA = timezone(timedelta(hours=8))
MORNING = datetime(2026, 3, 2, 8, 30, 0, 5, tzinfo=CHINA)


def test_json_has_utc_with_microseconds():
    scan = Scan("柜 20000000194", Medium.WEDGE, "d1", 7, MORNING)

    assert scan.as_json() == {
        "device": "d1",
        "seq": 7,
        "at": "2026-03-02T00:30:00.000005Z",
        "payload": "柜 20000000194",
        "medium": "wedge",
    }
    assert scan.at.tzinfo is UTC


@pytest.mark.parametrize("wrong", [{"at": MORNING.replace(tzinfo=None)}, {"seq": 0}])
def test_a_scan_without_zone_or_number_cannot_be(wrong):
    fields = {"payload": "1", "medium": Medium.NFC, "device": "d", "seq": 1, "at": MORNING}

    with pytest.raises(ValueError, match=r"zone|sequence"):
        Scan(**(fields | wrong))


def test_a_scan_cannot_be_changed():
    scan = Scan("1", Medium.NFC, "d", 1, MORNING)

    with pytest.raises(AttributeError):
        scan.payload = "2"
