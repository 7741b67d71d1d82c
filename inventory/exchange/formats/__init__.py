"""Formats are about bytes to sheets of cells, one module a format; nothing here opens a file."""
