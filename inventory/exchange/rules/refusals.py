"""Refusals are the files that cannot be read at all, each with a stable code and its data."""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):
    """
    A whole file is refused; `code` names why, `data` holds the numbers behind it.

    It carries no prose: the edges turn the code into words.
    """

    code: ClassVar[str] = "refused"

    def __init__(self, **data: int | str) -> None:
        super().__init__(self.code)
        self.data = data


class NotASpreadsheet(Refusal):
    """The content is something else; `found` says what it looks like."""

    code = "not_a_spreadsheet"


class Damaged(Refusal):
    """It is a spreadsheet by its first bytes but cannot be read; `reason` says where it broke."""

    code = "damaged"


class Encrypted(Refusal):
    """It is protected by a password."""

    code = "encrypted"


class Empty(Refusal):
    """There is nothing in it."""

    code = "empty"


class TooLarge(Refusal):
    """The file has more bytes (`size`) than `limit`."""

    code = "too_large"


class ZipBomb(Refusal):
    """It would unpack to an unreasonable size; `reason` is members, unpacked or ratio."""

    code = "zip_bomb"


class TooManyRows(Refusal):
    """It has more rows with content than `limit`, all sheets together."""

    code = "too_many_rows"


class TooManyColumns(Refusal):
    """A row reaches beyond column `limit`."""

    code = "too_many_columns"
