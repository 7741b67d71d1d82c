"""Headers are about which column holds what, told by its words in Chinese or English.

What the words do not tell is learned from what stands below them (`columns`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256

from inventory.exchange.rules.cells import Kind, Merged, Row
from inventory.exchange.rules.text import folded, trimmed

COLUMNS: Mapping[str, str] = {
    "serial": "序号",
    "code": "仪器编号",
    "name": "仪器名称",
    "spec": "规格型号",
    "unit": "单位",
    "required": "应配数量",
    "quantity": "实有数量",
    "unit_price": "单价",
    "amount": "金额",
    "purchase_date": "购置日期",
    "location": "存放地点",
    "keeper": "保管人",
    "voucher": "凭证号",
    "note": "备注",
    "finance_card": "财务卡片号",
    "serial_no": "出厂编号",
    "maker": "生产厂家",
    "supplier": "供应商",
    "invoice": "发票号",
    "accepted": "验收日期",
    "source": "来源",
    "warranty_until": "保修至",
    "condition": "状况",
    "old_number": "原编号",
    "epc": "RFID标签号",
    "subject": "学科",
    "managed_as": "管理方式",
}
"""Field to the name under which faults speak of its column, whatever the file calls it."""

NEEDED = ("name", "quantity")

_WORDS = {
    "serial": ("序号 顺序号 行号 编次 no no. # number serial"),
    "code": (
        "仪器编号 仪器编码 器材编号 器材编码 设备编号 设备编码 物品编号 物品编码 目录编号 "
        "目录编码 分类编号 分类编码 分类代码 品目编码 编号 编码 代码 code itemcode "
        "cataloguecode catalogcode cataloguenumber catalogueno catalogno itemno itemnumber"
    ),
    "name": (
        "仪器名称 器材名称 设备名称 物品名称 药品名称 资产名称 教具名称 品名 名称 仪器品名 "
        "仪器设备名称 名称品名 name itemname item equipment equipmentname"
    ),
    "spec": (
        "规格型号 型号规格 规格、型号 规格/型号 型号/规格 规格及型号 规格与型号 规格 型号 "
        "参数 规格参数 specification specifications spec model"
    ),
    "unit": ("计量单位 单位 unit units uom"),
    "required": (
        "应配数量 应配数 应配 应有数 标准配备 达标数量 应有数量 配备数量 "
        "配备数 配备标准 标准配备数 标准配备数量 "
        "标准数量 应备数量 数量(应配) "
        "required requiredquantity quantityrequired standard"
    ),
    "quantity": (
        "实有数量 实有数 实有 现有数量 现有数 现有 库存数量 库存数 库存量 库存 存数 "
        "实存数量 实存数 实存 账面数 现存数量 现存数 在库数量 在库数 "
        "结存数量 结存数 结存 账面数量 在账数量 数量(实有) 数量 "
        "quantity qty onhand instock stock quantityonhand count"
    ),
    "unit_price": ("单价 购置单价 单位价格 含税单价 价格 unitprice price unitcost cost"),
    "amount": (
        "金额 总金额 合计金额 总价 总值 原值 价值合计 amount total totalprice totalamount value"
    ),
    "purchase_date": (
        "购置日期 购入日期 购买日期 采购日期 取得日期 入账日期 入库日期 购置时间 购买时间 "
        "购入时间 购置年月 日期 purchasedate dateofpurchase datepurchased purchasedon "
        "acquired acquisitiondate date"
    ),
    "location": (
        "存放地点 存放位置 存放处 存放场所 存放室 放置地点 放置位置 所在位置 位置 地点 "
        "location place storage storedat storageplace"
    ),
    "keeper": (
        "保管人 保管员 保管者 管理人 管理员 责任人 保管责任人 使用保管人 keeper custodian "
        "responsible responsibleperson manager"
    ),
    "voucher": (
        "凭证号 凭证编号 凭证号码 记账凭证号 会计凭证号 入账凭证号 单据号 单据编号 "
        "voucher voucherno voucherno. vouchernumber document documentno"
    ),
    "note": ("备注 附注 说明 备注说明 note notes remark remarks comment comments"),
    "finance_card": (
        "财务卡片号 资产卡片号 财务卡片编号 资产卡片编号 固定资产卡片号 卡片编号 卡片号 "
        "财务资产编号 资产编号 financecard financecardno financecardnumber assetcard "
        "assetcardno assetno cardno cardnumber"
    ),
    "equipment_class": "器材类别 仪器类别 设备类别 equipmentclass",
    "serial_no": (
        "出厂编号 出厂号 出厂序号 序列号 产品序列号 设备序列号 机身号 机身编号 机器编号 "
        "serialnumber serialno serialno. sn s/n"
    ),
    "maker": (
        "生产厂家 生产厂商 生产厂 生产单位 生产企业 制造商 制造厂 制造厂商 制造厂家 制造单位 "
        "厂家 厂商 品牌 maker manufacturer brand"
    ),
    "supplier": (
        "供应商 供货商 供应商名称 供货商名称 供应单位 供货单位 供应厂家 供货厂家 销售单位 "
        "经销商 supplier vendor"
    ),
    "invoice": "发票号 发票号码 发票编号 发票 invoice invoiceno invoicenumber",
    "accepted": "验收日期 验收时间 accepted dateaccepted acceptancedate",
    "source": (
        "来源 资产来源 设备来源 仪器来源 物品来源 来源方式 取得方式 获取方式 购置方式 增加方式 "
        "source acquisitionmethod"
    ),
    "warranty_until": (
        "保修至 质保至 保修期至 质保期至 保修到期日 保修到期日期 保修截止日期 质保到期日 "
        "质保到期日期 质保截止日期 保修期 质保期 保修期限 质保期限 保修 质保 "
        "warrantyuntil warrantyexpires warranty"
    ),
    "condition": (
        "状况 使用状况 完好状况 完好情况 完好程度 技术状况 设备状况 仪器状况 物品状况 新旧程度 "
        "成色 condition"
    ),
    "old_number": (
        "原编号 旧编号 老编号 原编码 旧编码 老编码 原资产编号 旧资产编号 老资产编号 "
        "原设备编号 旧设备编号 原仪器编号 旧仪器编号 原物品编号 旧物品编号 原固定资产编号 "
        "旧固定资产编号 原标签号 旧标签号 oldnumber oldno oldno. formernumber previousnumber"
    ),
    "epc": (
        "rfid标签号 rfid标签 rfid编号 rfid号 rfid电子标签号 rfid epc epc码 epc编码 epc号 "
        "rfidtag(epc) rfidtag 电子标签号 电子标签 标签号 标签编号 tagnumber"
    ),
}

_FIELD_OF = {
    word: (field, rank)
    for field, words in _WORDS.items()
    for rank, word in enumerate(words.split())
}
_PARTS = tuple(
    (field, re.compile(pattern))
    for field, pattern in (
        ("unit", r"单位(?:名称)?$|^unit"),
        ("finance_card", r"(?:财务|资产).*(?:卡|编号)|卡片?(?:编?号|编码)"),
        ("required", r"应[配有备]|[必需]配|配备|标准.*数|达标.*数|required"),
        ("amount", r"金额|总[价额值]|价值|原值|amount"),
        ("unit_price", r"单价|价格|unitprice"),
        ("quantity", r"实有|实存|[现库结]存|现有|[账帐]面|在[账帐库]|数量|件数|台数|quantity"),
        ("purchase_date", r"日期|时间|年月|date"),
        ("location", r"存放|放置|位置|地点|场所|柜号|location"),
        ("keeper", r"保管|管理[人员者]|责任人|负责人|经管"),
        ("invoice", r"发票|票号|invoice"),
        ("voucher", r"凭证|单据|票据|voucher"),
        ("name", r"名称|品名"),
        ("code", r"编号|编码|代码|目录号|分类号|code"),
        ("spec", r"规格|型号|参数|specification"),
        ("note", r"备注|附注|说明|remark"),
        ("serial", r"序号"),
    )
)
"""What a longer word must contain to mean a field, where it is none of the known ones."""

_CLEAR_PARTS = tuple(
    (field, re.compile(pattern))
    for field, pattern in (
        ("serial_no", r"(?:出厂编?号|序列号)(?:码)?$"),
        ("maker", r"(?:生产厂|厂家|厂商|制造商)(?:名称)?$"),
        ("supplier", r"供[应货](?:商|单位)(?:名称)?$"),
        ("old_number", r"^[原旧老].*(?:编号|编码|标签号)$"),
        ("source", r"(?:资产|设备|仪器|器材|物品)来源$"),
        ("warranty_until", r"[保质][修保]期?(?:限|至|到期日?|截止日?)(?:期)?$"),
        ("condition", r"(?:使用|完好|技术|设备|仪器)(?:状[态况]|情况|程度)$"),
        ("accepted", r"验收(?:日期|时间)$"),
    )
)
"""The same for fields whose words stand in names of columns that are none of ours as well."""
_STANDS_IN = {"voucher": "invoice", "purchase_date": "accepted"}
"""
What another column is where there is none of its own: an invoice is the voucher behind a line
(and part of what a line is known by), a day of acceptance the day on which it came.
"""
_ASSET_NUMBER = re.compile(r"(?:固定)?资产(?:编号|编码|号)")
"""Beside a finance card's own column, this is the number by which the thing was known before."""

_RANK_OF_A_PART = 1_000
_SOMETHING_ELSE = re.compile(
    r"旧|出厂|生产|保修|质保|报废|处置|检[定修]|校准|有效|截止|到期|厂[家商]|供[应货]|品牌|部门|电话|年限"
    r"|(?:使用|采购|填报|主管)单位|学校|班级|年级|学科|状[态况]|来源|用途|税[额率金]|折旧|净值|制表"
    r"|盘[点盈亏]|差异|照片|图片|经费|条码|条形码|二维码|系统|(?:^|[^a-z])id$|serialnumber|warranty"
)
"""Words of columns that are none of ours although a part of them sounds like one."""

_SPACE = re.compile(r"\s+")
_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^】]*】")
_LONGEST_LABEL = 40
_LONGEST_PART = 14
_MOST_LINES = 4


class Source(StrEnum):
    """How it is known what a column holds."""

    WORD = "word"
    CONTENT = "content"
    CHOSEN = "chosen"


@dataclass(frozen=True, slots=True)
class Header:
    """
    A header of some lines, beginning at `row`; `columns` by field, from 1.

    `labels` are the words over each column, `top` the cells of its first line, by which it is known
    when it is repeated. A sheet that has no header begins its data at `row`, with no lines.
    """

    row: int
    lines: int
    columns: Mapping[str, int]
    labels: Mapping[int, str] = field(default_factory=dict)
    top: Mapping[int, str] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    form: str = ""
    """Whose list it is, where that is not a ledger but another system's with its own columns."""

    @property
    def missing(self) -> tuple[str, ...]:
        """The needed fields that it does not name."""
        if self.form:
            return ()
        return tuple(name for name in NEEDED if name not in self.columns)

    @property
    def fingerprint(self) -> str:
        """What is the same for every sheet with the same words in the same columns."""
        words = [f"{column}={tidy_label(self.labels[column])}" for column in sorted(self.labels)]
        return sha256("\n".join(words).encode("utf-8", "surrogatepass")).hexdigest()

    def key(self, column: int) -> str:
        """What a column is called when somebody says what it holds: its words, else its letter."""
        label = self.labels.get(column, "")
        if label and sum(other == label for other in self.labels.values()) == 1:
            return label
        return f"{label}[{letter(column)}]" if label else letter(column)

    def keys(self, column: int) -> tuple[str, ...]:
        """All that a column may be called."""
        label = tidy_label(self.labels.get(column, ""))
        names = (self.key(column), letter(column), letter(column).lower(), label)
        return tuple(name for name in names if name)


class Areas:
    """The merged cells of a sheet by their top left corner."""

    def __init__(self, merged: Sequence[Merged]) -> None:
        self._by_corner = {(area.first_row, area.first_column): area for area in merged}

    def bottom(self, row: int, column: int) -> int:
        """The last row that the cell at this place covers."""
        area = self._by_corner.get((row, column))
        return area.last_row if area else row

    def width(self, row: int, column: int) -> int:
        """How many columns the cell at this place covers, 1 when it is not merged."""
        area = self._by_corner.get((row, column))
        return area.last_column - area.first_column + 1 if area else 1


NO_AREAS = Areas(())


def letter(column: int) -> str:
    """A column's letter as spreadsheets show it."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def tidy_label(text: str) -> str:
    """A header's words without space, in one width and case."""
    return _SPACE.sub("", folded(trimmed(text))).lower().rstrip(":*：")


@lru_cache(maxsize=4096)
def field_of(label: str) -> tuple[str, int] | None:
    """The field that a header's word means and how specific the word is, 0 the most."""
    if len(label) > _LONGEST_LABEL:
        return None
    full = tidy_label(label)
    bare = _BRACKETED.sub("", full).rstrip(":*：")
    return _FIELD_OF.get(full) or _FIELD_OF.get(bare) or _by_part(bare)


def _by_part(label: str) -> tuple[str, int] | None:
    if len(label) > _LONGEST_PART or ":" in label:
        return None
    clear = next((name for name, pattern in _CLEAR_PARTS if pattern.search(label)), None)
    if clear:
        return clear, _RANK_OF_A_PART
    if _SOMETHING_ELSE.search(label):
        return None
    found = (name for name, pattern in _PARTS if pattern.search(label))
    name = next(found, None)
    return (name, _RANK_OF_A_PART) if name else None


def means_something_else(label: str) -> bool:
    """Whether a header's words say that the column is none of ours."""
    return bool(_SOMETHING_ELSE.search(tidy_label(label)))


def header_at(rows: Sequence[Row], areas: Areas = NO_AREAS) -> Header | None:
    """
    The header that begins in the first of these rows, if one does; the others are those below.

    More lines belong to it where its cells reach down to them, or when they follow directly and
    at least half of their words are a header's own.
    """
    if not any(_field(rows[0], column) for column in rows[0].cells):
        return None
    lines = _lines(rows, areas)
    columns = columns_named(lines, areas)
    if len(columns) < 2:
        return None
    return described(lines, columns, areas)


def described(lines: Sequence[Row], columns: Mapping[str, int], areas: Areas) -> Header:
    """A header made of these lines, with the words over each column."""
    top = lines[0]
    return Header(
        row=top.number,
        lines=lines[-1].number - top.number + 1 if len(lines) > 1 else _height(top, areas),
        columns=columns,
        labels={column: _label(lines, column, areas) for column in _all_columns(lines)},
        top={column: tidy_label(cell.text) for column, cell in top.cells.items()},
        sources=dict.fromkeys(columns, Source.WORD),
    )


def _height(row: Row, areas: Areas) -> int:
    """How many lines the cells of a header's only line cover."""
    deepest = max(areas.bottom(row.number, column) for column in row.cells)
    return min(deepest - row.number + 1, _MOST_LINES)


def _all_columns(lines: Sequence[Row]) -> list[int]:
    return sorted({column for line in lines for column in line.cells})


def _field(row: Row, column: int) -> tuple[str, int] | None:
    cell = row.cells.get(column)
    return field_of(cell.text) if cell and cell.kind is Kind.TEXT else None


def _lines(rows: Sequence[Row], areas: Areas) -> list[Row]:
    top = rows[0]
    deep = [areas.bottom(top.number, column) for column in top.cells]
    bottom = max(deep) if sum(row > top.number for row in deep) >= 2 else top.number
    lines = [top]
    for row in rows[1:_MOST_LINES]:
        reached = row.number <= bottom
        if not reached and not _continues(lines[-1], row):
            break
        lines.append(row)
    return lines


def _continues(row: Row, following: Row) -> bool:
    if following.number > row.number + 2:  # where merged cells are not told, a line may be blank
        return False
    words = sum(1 for column in following.cells if _field(following, column))
    return words > 0 and 2 * words >= len(following.cells)


def columns_named(lines: Sequence[Row], areas: Areas) -> dict[str, int]:
    """Column by field; the lower word counts before the upper, the specific before the general."""
    best: dict[str, tuple[int, int]] = {}
    cards: list[int] = []
    for column in _all_columns(lines):
        found = _meaning(lines, column, areas)
        if found and found[0] == "finance_card":
            cards.append(column)
        if found and (found[0] not in best or found[1] < best[found[0]][0]):
            best[found[0]] = (found[1], column)
    columns = {name: column for name, (_, column) in best.items()}
    for name, other in _STANDS_IN.items():
        if name not in columns and other in columns:
            columns[name] = columns.pop(other)
    if "old_number" not in columns:
        beside = [one for one in cards if one != columns["finance_card"]]
        number = next((one for one in beside if _is_asset_number(lines, one, areas)), None)
        columns |= {"old_number": number} if number else {}
    return columns


def _is_asset_number(lines: Sequence[Row], column: int, areas: Areas) -> bool:
    words = _words(lines, column, areas)
    return bool(words) and bool(_ASSET_NUMBER.fullmatch(tidy_label(words[-1])))


def _meaning(lines: Sequence[Row], column: int, areas: Areas) -> tuple[str, int] | None:
    """What the words over a column mean: the lowest, and together with the group's above it."""
    words = _words(lines, column, areas)
    if not words:
        return None
    *above, lowest = words
    own = field_of(lowest)
    for group in above:
        together = _FIELD_OF.get(tidy_label(group + lowest))
        if together:
            return together
    return own


def _words(lines: Sequence[Row], column: int, areas: Areas) -> list[str]:
    """The words over a column from the top down: those of its group, then its own."""
    found = []
    for number, line in enumerate(lines):
        cell = line.cells.get(column)
        is_lowest = number == len(lines) - 1
        wide = cell is not None and areas.width(line.number, column) > 1
        below = any(column in lower.cells for lower in lines[number + 1 :])
        if cell and (not wide or below or is_lowest):
            found.append(cell.text)
        elif not cell and below and (group := _group(line, column, areas)):
            found.append(group)
    return found


def _group(line: Row, column: int, areas: Areas) -> str | None:
    """The word to the left that reaches over a column that has none in this line."""
    left = max((other for other in line.cells if other < column), default=None)
    if left is None or left + areas.width(line.number, left) <= column:
        return None
    return line.cells[left].text


def _label(lines: Sequence[Row], column: int, areas: Areas) -> str:
    words = _words(lines, column, areas)
    return _SPACE.sub("", folded(trimmed(words[-1]))) if words else ""


def is_repeated(header: Header, row: Row) -> bool:
    """Whether a row is this header's first line again, as on the next page."""
    if not header.lines or not header.top:
        return False
    same = sum(
        1
        for column, label in header.top.items()
        if column in row.cells and tidy_label(row.cells[column].text) == label
    )
    return same >= 2 and 5 * same >= 3 * len(header.top)
