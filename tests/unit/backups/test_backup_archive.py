"""The file of a backup: nothing in it is trusted."""

import hashlib
import json
import stat
import warnings
import zipfile

import pytest

from inventory.backups import archive
from inventory.errors import BadBackup

CONTENT = b"SQLite format 3\0" + bytes(range(256)) * 40


def manifest(**members: bytes) -> dict:
    listed = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in members.items()
    }
    return {
        "product": "tallycard", "format": 1, "release": "0.1.0", "at": "2026-11-25T00:00:00+00:00",
        "engine": "sqlite", "engine_version": "3.40.1", "migration": "0001", "counts": {},
        "heads": [], "members": listed,
    }  # fmt: skip


@pytest.fixture
def packed(tmp_path):
    """Pack members and a manifest as somebody else might."""

    def pack(members: dict[str, bytes], about: dict | None = None, mode: int = 0):
        path = tmp_path / "b.zip"
        with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            warnings.simplefilter("ignore")  # names that come twice
            for name, content in members.items():
                info = zipfile.ZipInfo(name)
                info.external_attr = mode << 16
                info.compress_type = zipfile.ZIP_DEFLATED
                file.writestr(info, content)
            file.writestr("manifest.json", json.dumps(about or manifest(**members)))
        return path

    return pack


def refusal(path) -> str:
    with pytest.raises(BadBackup) as refused, archive.opened(path) as opened:
        opened.check()
    return str(refused.value.data["reason"])


def test_a_good_one_is_read(packed, tmp_path):
    path = packed({"database.sqlite": CONTENT, "uploads/a/b.png": b"png"})

    with archive.opened(path) as opened:
        opened.check()
        opened.unpack("database.sqlite", tmp_path / "out")

    assert (tmp_path / "out").read_bytes() == CONTENT
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "name",
    ["../evil", "uploads/../../evil", "/etc/cron.d/evil", "uploads/..", "uploads//x",
     "uploads\\..\\evil", "C:/evil", "secret.key", "uploads/./x", "uploads/"],
)  # fmt: skip
def test_a_name_that_we_do_not_write_is_refused(packed, name):
    assert refusal(packed({"database.sqlite": CONTENT, name: b"x"})) == "odd_name"


def test_a_link_is_refused(packed):
    path = packed({"database.sqlite": CONTENT, "uploads/x": b"/etc/passwd"}, mode=stat.S_IFLNK)

    assert refusal(path) == "odd_name"


def test_an_unreasonable_size_is_refused(packed):
    assert refusal(packed({"database.sqlite": b"\0" * 50_000_000})) == "absurd_size"


def test_a_changed_member_is_refused(packed):
    about = manifest(**{"database.sqlite": CONTENT})
    path = packed({"database.sqlite": CONTENT[:-1] + b"!"}, about)

    assert refusal(path) == "hash_differs"


def test_a_member_too_many_or_too_few_is_refused(packed):
    about = manifest(**{"database.sqlite": CONTENT})

    assert refusal(packed({"database.sqlite": CONTENT, "uploads/x": b"x"}, about)) == (
        "members_differ"
    )
    about = manifest(**{"database.sqlite": CONTENT, "uploads/x": b"x"})
    assert refusal(packed({"database.sqlite": CONTENT}, about)) == "members_differ"


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"product": "other"}, "no_manifest"), ({"format": 2}, "newer_format"),
     ({"members": {}}, "no_database"), ({"engine": "oracle"}, "no_database"),
     ({"surprise": 1}, "no_manifest")],
)  # fmt: skip
def test_what_says_something_else_about_itself_is_refused(packed, change, reason):
    about = manifest(**{"database.sqlite": CONTENT}) | change

    assert refusal(packed({"database.sqlite": CONTENT}, about)) == reason


def test_what_was_cut_short_is_refused_at_every_length(packed, tmp_path):
    whole = packed({"database.sqlite": CONTENT}).read_bytes()
    for length in range(0, len(whole), max(1, len(whole) // 40)):
        part = tmp_path / "part.zip"
        part.write_bytes(whole[:length])
        assert refusal(part) == "no_zip"


def test_one_changed_byte_anywhere_is_noticed_or_changes_nothing(packed, tmp_path):
    whole = packed({"database.sqlite": CONTENT}).read_bytes()
    bad = tmp_path / "bad.zip"
    for place in range(0, len(whole), max(1, len(whole) // 150)):
        bad.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        out = tmp_path / "out"
        out.unlink(missing_ok=True)
        try:
            with archive.opened(bad) as opened:
                opened.unpack("database.sqlite", out)
        except BadBackup:
            continue
        assert out.read_bytes() == CONTENT


def test_what_packs_too_well_is_stored_so_that_it_can_be_read_again(tmp_path):
    hollow = tmp_path / "hollow"
    hollow.write_bytes(b"\0" * 20_000_000)
    about = archive.Manifest("0.1.0", "2026-11-25", "sqlite", "3", "0001", {}, [])

    archive.write(tmp_path / "b.zip", about, {"database.sqlite": hollow})

    with archive.opened(tmp_path / "b.zip") as opened:
        opened.check()
