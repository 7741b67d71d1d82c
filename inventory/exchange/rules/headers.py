"""Headers are about which column holds what, told by its words in Chinese or English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from inventory.exchange.rules.cells import Kind, Row
from inventory.exchange.rules.text import folded

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
}
"""Field to the name under which faults speak of its column, whatever the file calls it."""

NEEDED = ("name", "quantity")

_WORDS = {
    "serial": ("序号 顺序号 行号 no no. # number serial"),
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
        "应配数量 应配数 应配 应有数量 配备数量 配备数 配备标准 标准配备数 标准配备数量 "
        "标准数量 应备数量 数量(应配) required requiredquantity quantityrequired standard"
    ),
    "quantity": (
        "实有数量 实有数 实有 现有数量 现有数 现有 库存数量 库存数 库存量 库存 存数 "
        "实存数量 实存数 实存 结存数量 结存数 结存 账面数量 在账数量 数量(实有) 数量 "
        "quantity qty onhand instock stock quantityonhand count"
    ),
    "unit_price": ("单价 购置单价 单位价格 价格 unitprice price unitcost cost"),
    "amount": ("金额 总金额 合计金额 总价 总值 价值合计 amount total totalprice totalamount value"),
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
        "凭证号 凭证编号 凭证号码 记账凭证号 会计凭证号 入账凭证号 单据号 单据编号 发票号 "
        "发票号码 voucher voucherno voucherno. vouchernumber invoice invoiceno "
        "invoicenumber document documentno"
    ),
    "note": ("备注 附注 说明 备注说明 note notes remark remarks comment comments"),
    "finance_card": (
        "财务卡片号 资产卡片号 财务卡片编号 资产卡片编号 固定资产卡片号 卡片编号 卡片号 "
        "财务资产编号 资产编号 financecard financecardno financecardnumber assetcard "
        "assetcardno assetno cardno cardnumber"
    ),
    "equipment_class": "器材类别 仪器类别 设备类别 equipmentclass",
}

_FIELD_OF = {
    word: (field, rank)
    for field, words in _WORDS.items()
    for rank, word in enumerate(words.split())
}
_SPACE = re.compile(r"\s+")
_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^】]*】")
_LONGEST_LABEL = 40


@dataclass(frozen=True, slots=True)
class Header:
    """A header of one or two lines, beginning at `row`; `columns` by field, from 1."""

    row: int
    lines: int
    columns: Mapping[str, int]

    @property
    def missing(self) -> tuple[str, ...]:
        """The needed fields that it does not name."""
        return tuple(field for field in NEEDED if field not in self.columns)


@lru_cache(maxsize=4096)
def field_of(label: str) -> tuple[str, int] | None:
    """The field that a header's word means and how specific the word is, 0 the most."""
    if len(label) > _LONGEST_LABEL:
        return None
    full = _SPACE.sub("", folded(label)).lower().rstrip(":*：")
    return _FIELD_OF.get(full) or _FIELD_OF.get(_BRACKETED.sub("", full).rstrip(":*："))


def header_at(row: Row, following: Row | None) -> Header | None:
    """
    The header that begins in this row, if one does.

    A second line belongs to it when it follows directly and at least half of its words are a
    header's own.
    """
    if not any(_field(row, column) for column in row.cells):
        return None
    lower = following if following and _continues(row, following) else None
    columns = _columns(row, lower)
    if len(columns) < 2:
        return None
    return Header(row.number, 2 if lower else 1, columns)


def _field(row: Row, column: int) -> tuple[str, int] | None:
    cell = row.cells.get(column)
    return field_of(cell.text) if cell and cell.kind is Kind.TEXT else None


def _continues(row: Row, following: Row) -> bool:
    if following.number != row.number + 1:
        return False
    words = sum(1 for column in following.cells if _field(following, column))
    return words > 0 and 2 * words >= len(following.cells)


def _columns(upper: Row, lower: Row | None) -> dict[str, int]:
    """Column by field; the lower word counts before the upper, the specific before the general."""
    best: dict[str, tuple[int, int]] = {}
    for column in sorted({*upper.cells, *(lower.cells if lower else ())}):
        below = lower and column in lower.cells
        found = _field(lower, column) if lower and below else _field(upper, column)
        if found and (found[0] not in best or found[1] < best[found[0]][0]):
            best[found[0]] = (found[1], column)
    return {field: column for field, (_, column) in best.items()}
