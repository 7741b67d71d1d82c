"""Who can do something about a missing backup is told; nobody else, and not the demonstration."""

from datetime import UTC, datetime, timedelta

import pytest

from inventory.backups import record

NONE = "There is no backup."
OLD = "The last verified backup is"
FAILED = "The backup of"


@pytest.fixture
def data(sqlite_config):
    return sqlite_config.data


def ago(**time: float) -> str:
    return (datetime.now(UTC) - timedelta(**time)).isoformat()


def home(client_for, login: str, language: str = "en") -> str:
    page = client_for(login).get("/", headers={"Accept-Language": language})
    assert page.status_code == 200
    return page.get_data(as_text=True)


def age(sqlite_app, days: float) -> None:
    """Let the deployment have begun so many days ago."""
    from inventory.db import db, transact
    from inventory.journal.models import Event

    def move(session) -> None:
        session.query(Event).filter(Event.seq == 1).update(
            {Event.at: datetime.now(UTC) - timedelta(days=days)}
        )

    transact(move)
    db.session.rollback()


@pytest.mark.parametrize("login", ["admin", "manager", "technician"])
def test_after_three_days_without_any_backup_it_is_said(client_for, sqlite_app, data, login):
    age(sqlite_app, 4)

    assert NONE in home(client_for, login)
    assert "还没有备份" in home(client_for, login, "zh-CN")


@pytest.mark.parametrize("login", ["teacher", "principal", "officer", "auditor"])
def test_who_can_do_nothing_about_it_is_not_troubled(client_for, sqlite_app, data, login):
    age(sqlite_app, 40)
    record.bad(data, datetime.now(UTC), "backup_failed", {"reason": "os", "detail": "x"})

    page = home(client_for, login)
    assert NONE not in page
    assert FAILED not in page


def test_a_new_deployment_and_one_with_a_fresh_backup_are_left_in_peace(
    client_for, sqlite_app, data
):
    age(sqlite_app, 2)
    assert NONE not in home(client_for, "technician")
    age(sqlite_app, 40)
    record.change(data, good_at=ago(days=2, hours=23))
    page = home(client_for, "technician")
    assert NONE not in page
    assert OLD not in page


def test_an_old_one_is_said_with_its_age(client_for, data):
    record.change(data, good_at=ago(days=5, hours=1))

    assert f"{OLD} 5 days old" in home(client_for, "technician")


def test_a_failed_one_is_said_with_its_reason_until_one_succeeds(client_for, data):
    record.good(data, datetime.now(UTC) - timedelta(days=1), data / "b.zip")
    about = {"field": "backup_to", "folder": "/media/usb", "reason": "not_there", "detail": ""}
    record.bad(data, datetime.now(UTC), "bad_backup_folder", about)

    page = home(client_for, "technician")
    assert FAILED in page
    assert "/media/usb" in page
    assert "tallycard backup --enable" in page
    record.good(data, datetime.now(UTC), data / "b.zip")
    assert FAILED not in home(client_for, "technician")


def test_the_demonstration_does_not_ask_for_backups(client_for, sqlite_app, data):
    age(sqlite_app, 40)
    record.change(data, is_demonstration=True)

    assert NONE not in home(client_for, "technician")


def test_a_record_that_cannot_be_read_is_no_record(client_for, sqlite_app, data):
    age(sqlite_app, 40)
    (data / record.FILE).write_text('{"good_at": ')

    assert NONE in home(client_for, "technician")


def test_metrics_tell_the_age_and_health_stays_lean(sqlite_app, sqlite_world, data):
    client = sqlite_app.test_client()

    def told() -> float:
        [line] = [
            line
            for line in client.get("/metrics").get_data(as_text=True).splitlines()
            if line.startswith("tallycard_backup_age_seconds ")
        ]
        return float(line.split()[1])

    assert told() == float("inf")
    record.change(data, good_at=ago(hours=2))
    assert 7_100 < told() < 7_300
    assert client.get("/healthz").get_json() == {"status": "ok"}
