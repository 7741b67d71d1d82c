"""Old binary workbooks (BIFF8 in a compound file), written record by record for the tests."""

from __future__ import annotations

import struct

WORKSHEET, GLOBALS = 0x0010, 0x0005
FREE, END, TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
SECTOR = 512


def record(kind, body=b""):
    return struct.pack("<HH", kind, len(body)) + body


def number(row, column, value):
    return record(0x0203, struct.pack("<HHHd", row, column, 0, value))


def text(row, column, value):
    body = struct.pack("<HHHHB", row, column, 0, len(value), 1) + value.encode("utf-16-le")
    return record(0x0204, body)


def text_formula(row, column, value, tokens):
    """A formula whose stored value is a text, which follows in a record of its own."""
    stored = b"\x00\x00\x00\x00\x00\x00\xff\xff"
    head = struct.pack("<HHH", row, column, 0) + stored + struct.pack("<HI", 0, 0)
    string = struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")
    formula = head + struct.pack("<H", len(tokens)) + tokens
    return record(0x0006, formula) + record(0x0207, string)


def error_formula(row, column, error):
    stored = bytes((2, 0, error, 0, 0, 0, 0xFF, 0xFF))
    head = struct.pack("<HHH", row, column, 0) + stored + struct.pack("<HI", 0, 0)
    return record(0x0006, head + struct.pack("<H", 2) + bytes((0x1C, error)))


def hidden_columns(first, last):
    return record(0x007D, struct.pack("<6H", first, last, 2048, 0, 1, 0))


def begin(kind):
    return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0, 0, 0, 0))


def workbook(sheets, *, settings=b""):
    """A file from sheets of (name, hidden, records)."""
    entries = [(name, hidden, name.encode("utf-16-le")) for name, hidden, _ in sheets]
    length = len(begin(GLOBALS) + settings) + sum(12 + len(wide) for *_, wide in entries) + 4
    directory, bodies = b"", b""
    for (name, hidden, wide), (*_, records) in zip(entries, sheets, strict=True):
        start = length + len(bodies)
        directory += record(0x0085, struct.pack("<IHBB", start, hidden, len(name), 1) + wide)
        bodies += begin(WORKSHEET) + records + record(0x000A)
    stream = begin(GLOBALS) + settings + directory + record(0x000A) + bodies
    return compound(stream.ljust(4096, b"\0"))


def compound(stream):
    """One stream in a compound file: header, tables, directory, then the stream's sectors."""
    count = -(-len(stream) // SECTOR)
    tables = 1
    while tables * 128 < count + tables + 1:
        tables += 1
    first = tables + 1
    table = [TABLE] * tables + [END, *range(first + 1, first + count), END]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack(
        "<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, tables, tables, 0, 4096, END, 0, END, 0
    )
    header += struct.pack("<109I", *range(tables), *[FREE] * (109 - tables))
    allocation = struct.pack(f"<{tables * 128}I", *table, *[FREE] * (tables * 128 - len(table)))
    root = entry("Root Entry", 5, END, 0, 1)
    directory = root + entry("Workbook", 2, first, len(stream), FREE)
    padded = stream.ljust(count * SECTOR, b"\0")
    return header + allocation + directory.ljust(SECTOR, b"\0") + padded


def entry(name, kind, start, size, child):
    wide = name.encode("utf-16-le")
    head = wide.ljust(64, b"\0") + struct.pack("<HBB", len(wide) + 2, kind, 1)
    return (
        head + struct.pack("<III", FREE, FREE, child) + bytes(36) + struct.pack("<IQ", start, size)
    )
