"""This module is about pictures inside pages: a QR code as a drawing that needs no file."""

import base64
from io import BytesIO

import qrcode
from qrcode.image.svg import SvgPathFillImage


def qr_picture(text: str) -> str:
    """Return a QR code as an SVG in a `data:` address, with its quiet zone, for an `img`."""
    picture = qrcode.make(text, image_factory=SvgPathFillImage, box_size=10, border=4)
    file = BytesIO()
    picture.save(file)
    return "data:image/svg+xml;base64," + base64.b64encode(file.getvalue()).decode("ascii")
