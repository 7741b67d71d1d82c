"""The cover is the sheet without records: the school, its code and stage, and its rooms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from inventory.exchange.rules.cells import Cell, Row, Sheet
from inventory.exchange.rules.places import Register, Room
from inventory.exchange.rules.text import folded, trimmed

_SHEETS_WITHOUT_RECORDS = (
    "封面 目录 说明 填表说明 填写说明 使用说明 首页 cover contents readme notes"
)
_COVER_NAMES = frozenset(_SHEETS_WITHOUT_RECORDS.split())

_ROOM_WORDS = {
    "short": "室简称 简称 室编号 场室简称 室代号 shortname short",
    "name": "室名 室名称 全称 室全称 场室名称 房间名称 名称 fullname roomname room",
    "cabinets": "仪器柜数 柜数 橱柜数 柜子数 仪器柜 橱数 cabinets numberofcabinets",
    "keeper": "保管人 保管员 管理员 责任人 keeper",
}
_SCHOOL_ID = re.compile(
    r"(?:学校标识码|学校代码|标识码|schoolid|schoolcode)(?:[:：](?P<value>.*))?", re.I
)
_STAGE = re.compile(r"(?:学段|办学类型|学校类别|stage)(?:[:：](?P<value>.*))?", re.I)
_SCHOOL = re.compile(
    r"(?:学校名称|学校|校名|单位名称|school|schoolname)(?:[:：](?P<value>.*))?", re.I
)
_OWNER = re.compile(
    r"(?:(?:编制|填报|使用)?单位|学校)\s*[:：]\s*(?P<value>.+?)\s*(?:\((?:盖章|公章|章)\))?"
)
_TITLE = re.compile(
    r"(?P<value>.+?)(?:教学|实验)?(?:仪器|设备|器材|装备|资产|物资)*"
    r"(?:总账|明细账|分类账|台账|账册|清单|登记表|登记册|一览表)"
)
_TEN_DIGITS = re.compile(r"\d{10}", re.A)
_MOST_CABINETS = 999


@dataclass(frozen=True, slots=True)
class Cover:
    """What a workbook says of its school; what it does not say is None."""

    school: str | None = None
    school_id: str | None = None
    stage: str | None = None
    register: Register | None = None


def is_cover_name(name: str) -> bool:
    """Whether a sheet of this name holds no records by custom."""
    return "".join(folded(name).split()).lower() in _COVER_NAMES


def read_cover(sheets: Sequence[Sheet], front: Sequence[Row]) -> Cover:
    """Read the sheets without records; `front` are the rows above the ledgers' headers."""
    rows = [row for sheet in sheets for row in sheet.rows]
    rooms = tuple(room for sheet in sheets for room in _rooms(sheet.rows))
    ten_digits = _TEN_DIGITS.search(folded(_labelled(rows, _SCHOOL_ID) or ""))
    return Cover(
        school=_labelled(rows, _SCHOOL) or _title(rows) or _owner(front),
        school_id=ten_digits[0] if ten_digits else None,
        stage=_labelled(rows, _STAGE),
        register=Register(rooms) if rooms else None,
    )


def _labelled(rows: Sequence[Row], label: re.Pattern[str]) -> str | None:
    """The value behind a label, in its own cell or in the next one."""
    for row in rows:
        texts = [trimmed(row.cells[column].text) for column in sorted(row.cells)]
        for text, following in zip(texts, (*texts[1:], ""), strict=True):
            match = label.fullmatch("".join(folded(text).split()))
            if match and (match["value"] or following):
                return match["value"] or following
    return None


def _title(rows: Sequence[Row]) -> str | None:
    for row in rows[:5]:
        for cell in row.cells.values():
            if match := _TITLE.fullmatch(trimmed(cell.text)):
                return match["value"]
    return None


def _owner(rows: Sequence[Row]) -> str | None:
    for row in rows:
        for cell in row.cells.values():
            if match := _OWNER.fullmatch(folded(trimmed(cell.text))):
                return match["value"]
    return None


def _rooms(rows: Sequence[Row]) -> Iterator[Room]:
    columns: Mapping[str, int] = {}
    for row in rows:
        if found := _room_columns(row):
            columns = found
        elif columns and (room := _room(row, columns)):
            yield room


def _room_columns(row: Row) -> dict[str, int]:
    found = {
        field: column
        for field, words in _ROOM_WORDS.items()
        for column, cell in row.cells.items()
        if "".join(folded(cell.text).split()).lower() in words.split()
    }
    return found if "short" in found and len(found) > 1 else {}


def _room(row: Row, columns: Mapping[str, int]) -> Room | None:
    """A row of the table; a remark below it stands alone in its row and is none."""
    cells = {field: row.cells[column] for field, column in columns.items() if column in row.cells}
    if "short" not in cells or len(cells) < 2:
        return None
    return Room(
        trimmed(cells["short"].text),
        trimmed(cells["name"].text) if "name" in cells else "",
        _cabinets(cells.get("cabinets")),
        trimmed(cells["keeper"].text) if "keeper" in cells else None,
    )


def _cabinets(cell: Cell | None) -> frozenset[int] | None:
    digits = re.match(r"\d{1,4}", folded(trimmed(cell.text)), re.A) if cell else None
    if digits is None or int(digits[0]) > _MOST_CABINETS:
        return None
    return frozenset(range(1, int(digits[0]) + 1))
