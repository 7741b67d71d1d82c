"""Settings: read once, with defaults, and refused when they would be unsafe."""

import stat

import pytest

from inventory.config import load
from inventory.errors import UnsafeSetting


def test_the_default_is_one_sqlite_file_in_the_data_folder(tmp_path):
    config = load({"TALLYCARD_DATA": str(tmp_path)})

    assert config.database_file == tmp_path / "tallycard.db"
    assert config.is_sqlite


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path):
    first = load({"TALLYCARD_DATA": str(tmp_path)})

    assert load({"TALLYCARD_DATA": str(tmp_path)}).secret_key == first.secret_key
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600


def test_the_environment_wins_over_the_file(tmp_path):
    (tmp_path / "tallycard.toml").write_text('language = "en"\nitem_price_yuan = 800\n')

    config = load({"TALLYCARD_DATA": str(tmp_path), "TALLYCARD_LANGUAGE": "zh-CN"})

    assert (config.language, config.item_price_yuan) == ("zh-CN", 800)


def test_plain_postgresql_addresses_mean_psycopg(tmp_path):
    environ = {"TALLYCARD_DATA": str(tmp_path), "TALLYCARD_DATABASE": "postgresql://u@h/d"}

    assert load(environ).database == "postgresql+psycopg://u@h/d"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("URL", "ftp://example.org"),
        ("LANGUAGE", "tlh"),
        ("ITEM_PRICE_YUAN", "many"),
    ],
)
def test_an_unsafe_setting_is_refused(tmp_path, name, value):
    with pytest.raises(UnsafeSetting):
        load({"TALLYCARD_DATA": str(tmp_path), f"TALLYCARD_{name}": value})


@pytest.mark.parametrize("text", ["colour = 1", "language = ", "\xff"])
def test_an_unknown_or_broken_file_is_refused(tmp_path, text):
    (tmp_path / "tallycard.toml").write_bytes(text.encode("latin-1"))

    with pytest.raises(UnsafeSetting):
        load({"TALLYCARD_DATA": str(tmp_path)})


@pytest.mark.parametrize(
    ("url", "lasting"),
    [
        ("http://127.0.0.1:8000", False),
        ("http://192.168.1.5", False),
        ("http://lab", False),
        ("http://lab.local", False),
        ("https://e.sch.cn", True),
        ("http://[::1]:8000", False),
    ],
)
def test_links_need_an_address_that_outlives_the_labels(tmp_path, url, lasting):
    environ = {"TALLYCARD_DATA": str(tmp_path), "TALLYCARD_URL": url}

    assert load(environ).address_is_lasting is lasting
    assert load(environ | {"TALLYCARD_URL_LASTS": "yes"}).address_is_lasting is True
