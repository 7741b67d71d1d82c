"""Photographs and files: drawn anew, of the sorts we take, kept by their hash, backed up."""

import zipfile
from io import BytesIO
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from inventory.backups.making import make
from inventory.commands.verifying import examine
from inventory.db import Uploads, db, transact, uploads_of
from inventory.errors import (
    DamagedPhoto,
    FileTooLarge,
    Missing,
    NotFound,
    Refusal,
    TooManyFiles,
    TooManyPixels,
    WrongFile,
)
from inventory.register import attachments_queries as queries
from inventory.register import attachments_service as service
from inventory.register import attachments_store as store
from inventory.register.attachments_rules import DECODING, MOST_FILES, prepared
from inventory.scope import OPERATOR
from tests.unit.services.test_by_hand import act
from tests.world import HOME, NOON, OTHER, acting

LIMIT = 20_000_000


def photo(size=(40, 30), form="JPEG", **more):
    file = BytesIO()
    Image.new("RGB", size, "red").save(file, form, **more)
    return file.getvalue()


def with_exif(size=(400, 200)):
    exif = Image.Exif()
    exif[0x0112] = 6  # lying on its side
    exif[0x010F] = "SECRET CAMERA"
    exif.get_ifd(0x8825)[1] = "N"
    return photo(size, exif=exif)


def office(*members):
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as pack:
        for name in members:
            pack.writestr(name, "x")
    return file.getvalue()


def inside_out():
    """A zip whose first member cannot be unpacked."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr("mimetype", "application/vnd.oasis.opendocument.text" * 3)
    content = bytearray(file.getvalue())
    start = content.find(b"mimetype") + len(b"mimetype")
    content[start : start + 6] = b"\xff" * 6
    return bytes(content)


def attach(world, content, name="", subject=None, **more):
    subject = subject or world.items[f"{HOME}/01"][0]
    return act(service.attach, subject=subject, content=content, name=name, **more)


def test_a_photograph_is_drawn_anew_upright_and_tells_nothing_of_its_camera():
    one = prepared(with_exif((4000, 2000)), "王芳.jpg", LIMIT)
    with Image.open(BytesIO(one.content)) as kept, Image.open(BytesIO(one.thumbnail)) as small:
        assert (kept.format, kept.size) == ("JPEG", (800, 1600))
        assert max(small.size) == 320
        assert not kept.getexif()
    assert b"SECRET" not in one.content
    assert (one.sort, one.name) == ("photo", "")


@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF", "BMP"])
def test_other_pictures_become_the_same_sort(form):
    assert prepared(photo(form=form), "x", LIMIT).media_type == "image/jpeg"


@pytest.mark.parametrize(
    ("content", "name", "kept", "media_type"),
    [
        (b"%PDF-1.7 ...", "C:\\a\\发票 1.exe", "发票 1.pdf", "application/pdf"),
        (office("[Content_Types].xml", "word/document.xml"), "说明.zip", "说明.docx", "word"),
        (office("[Content_Types].xml", "xl/workbook.xml"), "x.html", "x.xlsx", "sheet"),
        ("验收单".encode("gb18030"), "a.svg", "a.txt", "text/plain"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...", "old.xls", "old.xls", "ms-excel"),
        (b"plain", '../<b>"', "b.txt", "text/plain"),
        (b"plain", "", "file.txt", "text/plain"),
    ],
)
def test_a_file_is_what_its_bytes_say(content, name, kept, media_type):
    one = prepared(content, name, LIMIT)
    assert (one.sort, one.name) == ("file", kept)
    assert media_type in one.media_type


@pytest.mark.parametrize(
    "content",
    [b"<svg onload=alert(1)>", b"\n <!doctype html>", b"\x7fELF", b"MZ\x90\x00", b"\x00\x01\x02",
     office("a.exe"), office("[Content_Types].xml", "word/vbaProject.bin"), b"PK\x03\x04broken",
     b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...", b"\xff\xfe<\x00s\x00", inside_out()],
)  # fmt: skip
def test_what_is_of_no_sort_that_we_take_is_refused(content):
    with pytest.raises(WrongFile):
        prepared(content, "harmless.pdf", LIMIT)


def test_bombs_and_damaged_or_empty_pictures_are_refused():
    for size, form in (((10_000, 7_000), "JPEG"), ((6_000, 4_200), "PNG"), ((6_000, 4_200), "BMP")):
        with pytest.raises(TooManyPixels):
            prepared(photo(size, form), "x", 10 * LIMIT)
    with pytest.raises(DamagedPhoto):
        prepared(photo((900, 900))[:300], "x", LIMIT)
    with pytest.raises(DamagedPhoto):
        prepared(b"\x89PNG\r\n\x1a\nnonsense", "x", LIMIT)
    with pytest.raises(Missing):
        prepared(b"", "x", LIMIT)
    with pytest.raises(FileTooLarge):
        prepared(b"x" * 1001, "x", 1000)


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\xff\xd8\xff", b"GIF89a", b"BM", b"PK\x03\x04", b"RIFF1234WEBP"]),
    st.text(max_size=30),
)
def test_any_bytes_are_kept_or_refused_and_never_break(rest, start, name):
    try:
        one = prepared(start + rest, name, LIMIT)
    except Refusal:
        return
    assert one.sort in {"photo", "file"}
    assert not set(one.name) & set('/\\<>"\0\n')


def test_what_is_attached_lies_on_the_disk_and_is_listed_until_it_is_removed(world):
    code = world.items[f"{HOME}/01"][0]
    pdf = attach(world, b"%PDF-1.7 x", "发票.pdf")
    picture = attach(world, photo())
    assert attach(world, b"%PDF-1.7 x", "again.pdf").id == pdf.id  # the same bytes are the same
    rows = queries.of(db.session(), HOME, code)
    assert [row.id for row in rows] == [picture.id, pdf.id]
    assert queries.content(db.session(), rows[1]) == b"%PDF-1.7 x"
    assert queries.content(db.session(), rows[0], thumbnail=True)

    act(service.remove, attachment_id=pdf.id)
    assert [row.id for row in queries.of(db.session(), HOME, code)] == [picture.id]
    assert queries.content(db.session(), rows[1]) == b"%PDF-1.7 x"  # it may come back
    with pytest.raises(NotFound):
        act(service.remove, attachment_id=pdf.id)
    act(service.restore, attachment_id=pdf.id)
    assert len(queries.of(db.session(), HOME, code)) == 2
    assert examine(True, (), HOME)["agrees"]


def test_places_and_documents_bear_attachments_but_blank_and_foreign_codes_do_not(world):
    attach(world, b"x", "a.txt", subject=world.cabinets[f"{HOME}/01"])
    for other in (world.items[f"{OTHER}/01"][0], "20000099983"):
        with pytest.raises(NotFound):
            attach(world, b"x", "a.txt", subject=other)


def test_there_may_be_so_many_and_no_more(sqlite_world):
    for n in range(MOST_FILES):
        attach(sqlite_world, f"text {n}".encode(), "a.txt")
    with pytest.raises(TooManyFiles):
        attach(sqlite_world, b"one more", "a.txt")


def test_bytes_lie_on_the_disk_before_the_turn_to_write_and_only_when_they_may(sqlite_world):
    """A disk takes its time over each file; nothing of what is refused stays on it."""
    code, folder = sqlite_world.items[f"{HOME}/01"][0], uploads_of(db.session()).folder
    files = [prepared(photo((50 + n, 40)), "", LIMIT) for n in range(3)]

    def lay_down(*wanted, subject=code):
        session = acting(OPERATOR)
        service.lay_down(session, OPERATOR, school_id=HOME, subject=subject, files=wanted)

    with pytest.raises(NotFound):
        lay_down(files[0], subject=sqlite_world.items[f"{OTHER}/01"][0])
    assert not store.path_of(folder, files[0].sha256).exists()

    lay_down(*files)
    paths = [store.path_of(folder, one.sha256) for one in files]
    written = [path.stat().st_ino for path in paths]
    for one in files:
        attach(sqlite_world, one)
    assert [path.stat().st_ino for path in paths] == written, "nothing is written again"

    many = [prepared(f"text {n}".encode(), "", LIMIT) for n in range(MOST_FILES - 2)]
    with pytest.raises(TooManyFiles):
        lay_down(*many)
    assert not any(store.path_of(folder, one.sha256).exists() for one in many)
    lay_down(*many[1:])


def test_pictures_are_decoded_one_at_a_time(tmp_path):
    """Memory is the server's: many who send a photograph at once wait for one another."""
    content, ready = photo((3_000, 3_000), "PNG"), []
    with DECODING:
        other = Thread(target=lambda: ready.append(prepared(content, "", LIMIT)))
        other.start()
        other.join(0.2)
        assert not ready
    other.join(20)
    assert [one.sort for one in ready] == ["photo"]


def test_what_is_refused_leaves_no_row_and_what_is_rolled_back_no_harm(sqlite_world):
    class Stop(Exception):
        pass

    def work(session):
        service.attach(
            session, OPERATOR, school_id=HOME, subject=sqlite_world.items[f"{HOME}/01"][0],
            content=b"never", name="a.txt", at=NOON,
        )  # fmt: skip
        raise Stop

    with pytest.raises(Stop):
        transact(work)
    assert queries.of(db.session(), HOME, sqlite_world.items[f"{HOME}/01"][0]) == []


def test_a_backup_holds_what_is_attached(sqlite_world, sqlite_config, tmp_path):
    one = attach(sqlite_world, b"%PDF-1.7 x", "a.pdf")
    folder = uploads_of(db.session()).folder
    assert store.path_of(folder, one.sha256).read_bytes() == b"%PDF-1.7 x"
    made = tmp_path / "b.zip"
    make(sqlite_config, made, at=NOON)
    with zipfile.ZipFile(made) as pack:
        assert f"uploads/{one.sha256[:2]}/{one.sha256}" in pack.namelist()


def test_the_limit_is_a_setting(sqlite_world):
    session = db.session()
    session.info["tallycard_uploads"] = Uploads(uploads_of(session).folder, 1000)
    with pytest.raises(FileTooLarge):
        attach(sqlite_world, b"x" * 1001, "a.txt")
