"""
Reads codes: pictures, recordings and cameras in; scans out, kept until a server has them.

Knows nothing of what the codes stand for. The heavy libraries are imported when they are first
needed, so that importing this costs a command next to nothing.
"""

from scanner.courier import Backoff, Courier, Delivery
from scanner.decode import DECODERS, DEFAULT_FORMATS, Decoder, Format, Reading, decode, decoders
from scanner.errors import (
    BatchRefused,
    DriverMissing,
    NotAllowed,
    ReaderError,
    ReaderLost,
    ReaderUnavailable,
    ServerUnavailable,
    SpoolUnavailable,
    UnreadableImage,
)
from scanner.images import load_image, load_image_bytes
from scanner.repeats import Repeats
from scanner.scan import Medium, Scan
from scanner.sender import Answer, HttpSender, Sender
from scanner.sources import Camera, Frame, ImageFolder, Skipped, Source, VideoFile
from scanner.spool import Counts, Refused, Spool, Waiting
from scanner.station import Summary, run

__all__ = [
    "DECODERS",
    "DEFAULT_FORMATS",
    "Answer",
    "Backoff",
    "BatchRefused",
    "Camera",
    "Counts",
    "Courier",
    "Decoder",
    "Delivery",
    "DriverMissing",
    "Format",
    "Frame",
    "HttpSender",
    "ImageFolder",
    "Medium",
    "NotAllowed",
    "ReaderError",
    "ReaderLost",
    "ReaderUnavailable",
    "Reading",
    "Refused",
    "Repeats",
    "Scan",
    "Sender",
    "ServerUnavailable",
    "Skipped",
    "Source",
    "Spool",
    "SpoolUnavailable",
    "Summary",
    "UnreadableImage",
    "VideoFile",
    "Waiting",
    "decode",
    "decoders",
    "load_image",
    "load_image_bytes",
    "run",
]
