"""Folders, recordings and cameras give pictures with times, or say what is wrong."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import islice

import cv2
import numpy as np
import pytest
from scanner_scenes import qr, record, with_margin

from scanner import Camera, Frame, ImageFolder, ReaderLost, ReaderUnavailable, Skipped, VideoFile
from scanner.sources import natural_key

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def noon():
    return NOON


@pytest.fixture
def recording(tmp_path):
    blank = np.full((200, 200), 230, np.uint8)
    return record(tmp_path / "walk.avi", [blank] * 12)


class TestFolder:
    def test_pictures_come_in_natural_order_and_others_not_at_all(self, tmp_path):
        for name in ("shelf 10.PNG", "shelf 2.png", "Shelf 1.jpg", "柜 3.webp"):
            cv2.imencode("." + name.split(".")[1].lower(), qr("1"))[1].tofile(tmp_path / name)
        (tmp_path / "notes.txt").write_text("no picture")
        (tmp_path / "inside.png").mkdir()

        with ImageFolder(tmp_path, clock=noon) as folder:
            given = list(folder)

        names = [picture.name for picture in given if isinstance(picture, Frame)]
        assert names == ["Shelf 1.jpg", "shelf 2.png", "shelf 10.PNG", "柜 3.webp"]
        assert all(picture.at == NOON for picture in given if isinstance(picture, Frame))
        assert [picture.name for picture in given if isinstance(picture, Skipped)] == ["inside.png"]

    def test_a_damaged_picture_does_not_stop_the_others(self, tmp_path):
        (tmp_path / "1.png").write_bytes(b"no picture")
        cv2.imwrite(str(tmp_path / "2.png"), qr("1"))

        with ImageFolder(tmp_path) as folder:
            skipped, frame = list(folder)

        assert (skipped.name, frame.name) == ("1.png", "2.png")
        assert "not a picture" in skipped.error.reason

    def test_a_folder_that_is_not_there_is_refused(self, tmp_path):
        with pytest.raises(ReaderUnavailable) as caught, ImageFolder(tmp_path / "gone"):
            pass

        assert caught.value.reader.endswith("gone")

    @pytest.mark.parametrize("name", ["", "007", "a1b22", "²", "٣", "1a", "a"])
    def test_any_two_names_can_be_compared(self, name):
        assert sorted([name, "a1", "1"], key=natural_key)


class TestRecording:
    def test_frame_times_are_the_recordings(self, recording):
        with VideoFile(recording, began_at=NOON) as video:
            times = [frame.at for frame in video]

        assert times == [NOON + timedelta(seconds=i / 10) for i in range(12)]

    def test_it_begins_when_it_is_opened_if_nobody_knows(self, recording):
        with VideoFile(recording, clock=noon) as video:
            first = next(iter(video))

        assert (first.at, first.name, first.image.shape) == (NOON, "frame 1", (200, 200, 3))

    def test_what_is_no_recording_is_refused(self, tmp_path):
        file = tmp_path / "walk.avi"
        file.write_bytes(b"RIFF and then nothing of use")

        with pytest.raises(ReaderUnavailable), VideoFile(file):
            pass
        with pytest.raises(ReaderUnavailable, match="no such file"), VideoFile(tmp_path / "no"):
            pass

    def test_reading_needs_opening(self, recording):
        with pytest.raises(ReaderUnavailable, match="not open"):
            next(iter(VideoFile(recording)))


class TestCamera:
    @pytest.mark.parametrize(
        "which", [63, -1, "/dev/video63", "no-such-device", "http://127.0.0.1:9/nobody"]
    )
    def test_one_that_is_not_there_is_refused_at_once_and_in_silence(self, which):
        program = (
            "import sys, time\n"
            "from scanner import Camera, ReaderUnavailable\n"
            "which = sys.argv[1]\n"
            "begun = time.perf_counter()\n"
            "try:\n"
            "    with Camera(int(which) if which[0] in '-6' else which): pass\n"
            "except ReaderUnavailable as refused:\n"
            "    print(time.perf_counter() - begun, refused.reader)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, str(which)], capture_output=True, text=True, check=True
        )

        seconds, reader = done.stdout.split(maxsplit=1)
        assert (reader.strip(), done.stderr) == (f"camera {which}", "")
        assert float(seconds) < 3

    def test_an_unplugged_camera_is_lost_and_not_ended(self, recording):
        """For OpenCV a recording is a camera like any other, and this one soon stops."""
        frames = []

        with pytest.raises(ReaderLost) as caught, Camera(str(recording), clock=noon) as camera:
            frames.extend(camera)

        assert len(frames) == 12
        assert caught.value.reader == f"camera {recording}"

    def test_frame_times_rise_though_the_clock_stands(self, recording):
        with Camera(str(recording), clock=noon) as camera:
            times = [frame.at for frame in islice(camera, 12)]

        assert times[0] >= NOON
        assert times == sorted(set(times))


@pytest.mark.parametrize("kind", [Camera, VideoFile])
def test_leaving_gives_the_reader_back(recording, kind):
    source = kind(str(recording))
    with source:
        pass

    with pytest.raises(ReaderUnavailable, match="not open"):
        next(iter(source))


def test_a_frame_shows_what_was_recorded(tmp_path):
    label = with_margin(qr("20000000194", module_px=6), 20)

    with VideoFile(record(tmp_path / "label.avi", [label])) as video:
        [frame] = list(video)

    assert np.abs(frame.image[:, :, 0].astype(int) - label).mean() < 5
