"""Where pictures come from: a folder, a recording, a camera."""

import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from scanner.errors import DriverMissing, ReaderLost, ReaderUnavailable, UnreadableImage
from scanner.images import load_image
from scanner.scan import Medium

if TYPE_CHECKING:
    from numpy.typing import NDArray

Clock = Callable[[], datetime]

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})

# A moving picture shows the same label again in a moment, so that a frame is not worth more; a
# recording cannot be held still again, but has to end some day.
CAMERA_BUDGET_MS = 20.0
RECORDING_BUDGET_MS = 40.0
REPEAT_WINDOW_S = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture (uint8, gray or blue-green-red), its aware time and what to call it."""

    image: "NDArray[Any]"
    at: datetime
    name: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A picture that was there and could not be read; the source goes on."""

    name: str
    error: UnreadableImage


class Source(Protocol):
    """
    Anything that gives pictures.

    Entering claims the hardware or file, leaving gives it back; iterating blocks until the next
    picture and ends when there are no more. A still has no ``repeat_window_s``: each file's codes
    count. ``budget_ms`` is the wall time that one picture's decoding is worth, None without limit.

    Raises:
        ReaderUnavailable: on entering, when it is absent, in use or not readable.
        ReaderLost: while iterating, when it goes away.
    """

    name: str
    medium: Medium
    repeat_window_s: float | None
    budget_ms: float | None

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
    def __iter__(self) -> Iterator[Frame | Skipped]: ...


def utc_now() -> datetime:
    """Read the computer's clock."""
    return datetime.now(UTC)


class ImageFolder:
    """The pictures of a folder, not of its subfolders, in natural order: 2 before 10."""

    medium = Medium.IMAGE
    repeat_window_s: float | None = None
    budget_ms: float | None = None

    def __init__(self, path: str | Path, *, clock: Clock = utc_now) -> None:
        self.path = Path(path)
        self.name = str(path)
        self._clock = clock
        self._files: list[Path] = []

    def __enter__(self) -> Self:
        try:
            inside = list(self.path.iterdir())
        except OSError as error:
            raise ReaderUnavailable(self.name, error.strerror or str(error)) from error
        pictures = (file for file in inside if file.suffix.lower() in IMAGE_SUFFIXES)
        self._files = sorted(pictures, key=lambda file: natural_key(file.name))
        return self

    def __exit__(self, *_: object) -> None:
        self._files = []

    def __iter__(self) -> Iterator[Frame | Skipped]:
        for file in self._files:
            try:
                image = load_image(file)
            except UnreadableImage as error:
                yield Skipped(file.name, error)
            else:
                yield Frame(image, self._clock(), file.name)


class VideoFile:
    """
    The frames of a recording; their times run from ``began_at`` by the recording's own clock.

    Without ``began_at`` the moment of opening stands for it.
    """

    medium = Medium.CAMERA
    repeat_window_s: float | None = REPEAT_WINDOW_S
    budget_ms: float | None = RECORDING_BUDGET_MS

    def __init__(
        self, path: str | Path, *, began_at: datetime | None = None, clock: Clock = utc_now
    ) -> None:
        self.path = Path(path)
        self.name = str(path)
        self._began_at = began_at
        self._clock = clock
        self._capture: Any = None

    def __enter__(self) -> Self:
        if not self.path.is_file():
            raise ReaderUnavailable(self.name, "there is no such file")
        self._capture = _opened(self.name, str(self.path))
        self._began_at = self._began_at or self._clock()
        return self

    def __exit__(self, *_: object) -> None:
        _release(self._capture)
        self._capture = None

    def __iter__(self) -> Iterator[Frame]:
        capture, cv2 = self._capture, _opencv()
        if capture is None or self._began_at is None:
            raise ReaderUnavailable(self.name, "it is not open")
        step_ms = 1000.0 / _frames_per_s(capture.get(cv2.CAP_PROP_FPS))
        number, ms = 0, -step_ms
        while (image := _next_image(capture)) is not None:
            number += 1
            # Some containers do not know the time of a frame and repeat the last one or say 0.
            position_ms = capture.get(cv2.CAP_PROP_POS_MSEC)
            ms = position_ms if position_ms > ms else ms + step_ms
            yield Frame(image, self._began_at + timedelta(milliseconds=ms), f"frame {number}")
        if number == 0:
            raise ReaderLost(self.name, "no frame of the recording can be read")


class Camera:
    """
    A camera by its number (0 is the first), device path or network address.

    A camera never ends: when it has no more to give it was unplugged or taken away.
    """

    medium = Medium.CAMERA
    repeat_window_s: float | None = REPEAT_WINDOW_S
    budget_ms: float | None = CAMERA_BUDGET_MS

    def __init__(self, which: int | str, *, clock: Clock = utc_now) -> None:
        self.which = int(which) if isinstance(which, str) and which.isdecimal() else which
        self.name = f"camera {which}"
        self._clock = clock
        self._capture: Any = None

    def __enter__(self) -> Self:
        _check_device(self.name, self.which)
        self._capture = _opened(self.name, self.which)
        # Old frames in a queue would be shown as if they were now.
        self._capture.set(_opencv().CAP_PROP_BUFFERSIZE, 1)
        return self

    def __exit__(self, *_: object) -> None:
        _release(self._capture)
        self._capture = None

    def __iter__(self) -> Iterator[Frame]:
        if self._capture is None:
            raise ReaderUnavailable(self.name, "it is not open")
        # The computer's clock may be set back while we look; the time between frames may not.
        began_at, began_s = self._clock(), monotonic()
        number = 0
        while (image := _next_image(self._capture)) is not None:
            number += 1
            at = began_at + timedelta(seconds=monotonic() - began_s)
            yield Frame(image, at, f"frame {number}")
        raise ReaderLost(self.name, "it gives no more pictures; is it still plugged in?")


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Give a sort key by which numbers inside names count as numbers."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name.casefold())
    return tuple((0, int(p), p) if p[0] in "0123456789" else (1, 0, p) for p in parts)


def _opencv() -> Any:
    # FFmpeg inside OpenCV reads this once, before its first use; without it, it writes to stderr.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        import cv2
    except ImportError as missing:
        raise DriverMissing("OpenCV", "pip install opencv-python-headless") from missing
    opencv: Any = cv2  # its type stubs lack what follows
    opencv.utils.logging.setLogLevel(opencv.utils.logging.LOG_LEVEL_SILENT)
    return opencv


def _check_device(name: str, which: int | str) -> None:
    """Ask for the device file first where there is one: OpenCV tries each of its back ends."""
    if isinstance(which, int) and which < 0:
        raise ReaderUnavailable(name, "cameras are numbered from 0")
    if sys.platform == "linux" and isinstance(which, int):
        device = Path(f"/dev/video{which}")
        if not device.exists():
            raise ReaderUnavailable(name, f"there is no {device}")
        if not os.access(device, os.R_OK | os.W_OK):
            raise ReaderUnavailable(name, f"no permission for {device} (group video)")


def _opened(name: str, what: int | str) -> Any:
    cv2 = _opencv()
    # Windows' newer back end takes many seconds to say that there is no such camera.
    direct = sys.platform == "win32" and isinstance(what, int)
    try:
        capture = cv2.VideoCapture(what, cv2.CAP_DSHOW if direct else cv2.CAP_ANY)
    except cv2.error as error:
        raise ReaderUnavailable(name, str(error)) from error
    if not capture.isOpened():
        capture.release()
        raise ReaderUnavailable(name, "it cannot be opened: absent, in use or of a foreign kind")
    return capture


def _release(capture: Any) -> None:
    if capture is not None:
        capture.release()


def _next_image(capture: Any) -> Any:
    there, image = capture.read()
    return image if there else None


def _frames_per_s(told: float) -> float:
    return told if 0 < told <= 1000 else 25.0
