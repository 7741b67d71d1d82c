"""
Labels and papers with QR symbols: contents in, PDF and PNG out.

A library of its own: it knows nothing of what the labels are stuck on.
All lengths are millimetres, all sizes of type points, all densities dots per inch.
"""

from labels.content import LabelContent, read_contents
from labels.document import (
    Column,
    Document,
    Section,
    document_pages,
    render_document,
    write_document,
)
from labels.errors import (
    CannotEncode,
    ControlCharacter,
    InvalidContent,
    InvalidDocument,
    InvalidSkip,
    InvalidStock,
    LabelError,
    LabelTooSmall,
    MissingGlyph,
    NothingToPrint,
    ReadBackFailed,
    Unavailable,
    UnknownStock,
)
from labels.layout import label_drawing
from labels.pdf import render_pdf, write_pdf
from labels.png import png_pages, render_png
from labels.raster import joined
from labels.readback import read_back, read_back_mark
from labels.sheets import sheets
from labels.stocks import Slot, Stock, all_stocks, stock, stock_from
from labels.symbol import Symbol, encode, encode_small

__all__ = [
    "CannotEncode",
    "Column",
    "ControlCharacter",
    "Document",
    "InvalidContent",
    "InvalidDocument",
    "InvalidSkip",
    "InvalidStock",
    "LabelContent",
    "LabelError",
    "LabelTooSmall",
    "MissingGlyph",
    "NothingToPrint",
    "ReadBackFailed",
    "Section",
    "Slot",
    "Stock",
    "Symbol",
    "Unavailable",
    "UnknownStock",
    "all_stocks",
    "document_pages",
    "encode",
    "encode_small",
    "joined",
    "label_drawing",
    "png_pages",
    "read_back",
    "read_back_mark",
    "read_contents",
    "render_document",
    "render_pdf",
    "render_png",
    "sheets",
    "stock",
    "stock_from",
    "write_document",
    "write_pdf",
]
