"""Pictures drawn for the tests: labels with codes, placed, tilted, blurred and badly lit."""

from dataclasses import dataclass

import cv2
import numpy as np
import qrcode
import zxingcpp


def qr(text: str, *, module_px: int = 4, border: int = 4):
    """Draw one QR code (byte mode UTF-8 without ECI, as the qrcode package writes it)."""
    symbol = qrcode.QRCode(border=border, box_size=1)
    symbol.add_data(text.encode("utf-8"), optimize=0)
    symbol.make(fit=True)
    dark = np.array(symbol.get_matrix(), dtype=bool)
    return enlarge(np.where(dark, 0, 255).astype(np.uint8), module_px)


def written(text: str, kind: str, *, scale: int = 4):
    """Draw a symbol with zxing-cpp's own writer: ``DataMatrix``, ``Code128``, ``MicroQRCode``…"""
    barcode = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, kind))
    image = np.array(zxingcpp.write_barcode_to_image(barcode, scale=scale))
    return with_margin(image, 20)


def enlarge(image, times: int):
    return np.kron(image, np.ones((times, times), dtype=np.uint8))


def with_margin(image, px: int, shade: int = 255):
    return cv2.copyMakeBorder(image, px, px, px, px, cv2.BORDER_CONSTANT, value=shade)


def rotated(image, degrees: float):
    """Turn a picture around its centre on a light ground, nothing cut off."""
    height, width = image.shape
    reach = int(np.hypot(height, width)) + 2
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turn[:, 2] += [(reach - width) / 2, (reach - height) / 2]
    return cv2.warpAffine(image, turn, (reach, reach), borderValue=235)


def tilted(image, share: float = 0.2):
    """Look at a picture from the side: its right edge is shorter by twice the share."""
    height, width = image.shape
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    inset = height * share
    seen = flat + np.array([[0, 0], [0, inset], [0, -inset], [0, 0]], dtype=np.float32)
    view = cv2.getPerspectiveTransform(flat, seen)
    return cv2.warpPerspective(image, view, (width, height), borderValue=235)


def blurred(image, sigma_px: float):
    return cv2.GaussianBlur(image, (0, 0), sigma_px)


def noisy(image, sigma: float, seed: int = 1):
    noise = np.random.default_rng(seed).normal(0, sigma, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def dimmed(image, light: float):
    """Leave only a share of the light, in whole steps of the sensor."""
    return (image * light).astype(np.uint8)


@dataclass(frozen=True)
class Wall:
    """A wall of labels: the picture, and the text of the label in each cell by its centre."""

    image: np.ndarray
    centres: dict[str, tuple[int, int]]


def wall(texts: list[str], *, columns: int, module_px: int = 3, gap_px: int = 14) -> Wall:
    """Paste one label a text into a grid, in reading order."""
    labels = [qr(text, module_px=module_px) for text in texts]
    cell = max(label.shape[0] for label in labels) + gap_px
    rows = -(-len(texts) // columns)
    image = np.full((rows * cell, columns * cell), 200, dtype=np.uint8)
    centres = {}
    for i, (text, label) in enumerate(zip(texts, labels, strict=True)):
        top, left = (i // columns) * cell + gap_px // 2, (i % columns) * cell + gap_px // 2
        size = label.shape[0]
        image[top : top + size, left : left + size] = label
        centres[text] = (left + size // 2, top + size // 2)
    return Wall(image, centres)


def record(file, images, frames_per_s=10.0):
    """Write a recording as Motion JPEG, which OpenCV brings along everywhere."""
    height, width = images[0].shape
    writer = cv2.VideoWriter(
        str(file), cv2.VideoWriter.fourcc(*"MJPG"), frames_per_s, (width, height), isColor=True
    )
    for image in images:
        writer.write(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))
    writer.release()
    return file
