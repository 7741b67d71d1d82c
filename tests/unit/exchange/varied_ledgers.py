"""
Ledgers of schools that never were, each written in another way, with known faults and truth.

A seed chooses the rooms, the words and order of the headers, the shape of the sheets, and which
faults are planted where; the truth is in the form of the sample rosters' expected files.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import old_workbooks as old
import openpyxl
from openpyxl.utils import get_column_letter

from inventory.exchange.rules.headers import COLUMNS

FIELDS = tuple(COLUMNS)[:15]
FORMS = ("xlsx", "csv", "semicolon", "tab", "utf16", "gb18030", "html", "gb2312", "xls")
TYPED = ("xlsx", "xls")
ERROR, WARNING = "error", "warning"

KINDS = (
    ("00001", "实物投影仪", "A4 500万像素", "台", 1150), ("01002", "打孔器", "四件套", "套", 37),
    ("01003", "手持放大镜", "5倍 ≥30mm", "个", 6.6), ("10002", "米尺", "木 带提手", "把", 16),
    ("11003", "托盘天平", "500g 0.5g", "台", 95.5), ("12004", "电子停表", "0.1s", "块", 28),
    ("13006", "体温计", "水银", "支", 4.2), ("14003", "肺活量计", "回转式", "台", 147),
    ("15007", "直流电流表", "2.5级 0.6A 3A", "只", 38.5), ("20004", "斜面小车", "木", "套", 62),
    ("21025", "毛钱管", "1000mm", "支", 67), ("22007", "波动演示器", "J2156", "台", 470),
    ("24001", "条形磁铁", "D-CG-LT-180", "对", 17.8), ("24012", "玻棒(附丝绸)", "教师用", "对", 17),
    ("25016", "牛顿环", "J2518", "个", 92), ("30010", "耳解剖模型", "放大3倍", "台", 78),
    ("30011", "肺模型", "透明", "台", 69), ("40014", "蕨标本", "腊叶", "张", 19.2),
    ("41014", "人血涂片", "玻片", "片", 2.6), ("60003", "量筒", "100mL", "个", 14.4),
    ("61022", "抽滤瓶", "500mL", "个", 32), ("62001", "酒精灯", "150mL 单头", "个", 10.1),
    ("62008", "滴管", "150mm", "支", 0.55), ("62023", "集气瓶", "125mL", "个", 4.5),
    ("62032", "玻璃棒", "ф5mm~6mm 300mm", "根", 0.87), ("64007", "试管", "ф15mm×150mm", "支", 0.6),
    ("70007", "可溶性淀粉", "AR 500g", "瓶", 9.3), ("70056", "硫代硫酸钠", "AR 500g", "瓶", 11),
    ("72002", "亚甲基蓝", "BS 25g", "瓶", 18), ("80002", "烧杯夹", "300mm", "把", 12.3),
    ("80015", "标签纸", "不干胶 ①号", "本", 2.7), ("81021", "细铜丝", "ф0.5mm", "卷", 21),
    ("T10025", "铁饼", "1kg", "块", 82), ("T10048", "皮尺", "50m", "卷", 46),
    ("T10005", "足球", "5号", "只", 80), ("Y10012", "堂鼓", "12寸", "面", 203),
    ("Y10024", "指挥棒", "木柄", "根", 16.9), ("W20014", "写生用仿真蔬果", "20种", "套", 70),
    ("W20017", "拉坯机", "无级变速", "台", 1820), ("20191203456", "数字显微镜", "1600倍", "台",
        2680),
)  # fmt: skip
CLASSES = ("计量仪器", "通用仪器", "专用仪器", "模型", "标本", "玻璃仪器", "药品", "材料")
SUBJECTS = ("物理", "化学", "生物", "科学", "体育", "音乐", "美术", "综合实践")
ROOMS = (
    ("物仪", "物理仪器室"), ("化准", "化学准备室"), ("生标", "生物标本室"), ("科仪", "科学仪器室"),
    ("体器", "体育器材室"), ("音教", "音乐教具室"), ("美器", "美术器材室"), ("药库", "药品库"),
    ("劳技", "劳动技术室"), ("信机", "信息技术准备室"),
)  # fmt: skip
KEEPERS = ("童喆", "陈䶮", "骆雪芬", "俞忠良", "方丽萍", "王芳", "欧阳晓", "章国庆")
SCHOOLS = ("青山小学", "横畈初中", "高虹中学", "太湖源小学", "板桥初级中学", "湍口九年一贯制学校")

WORDS = {
    "serial": ("序号", "行号", "No.", "编次"),
    "code": ("仪器编号", "编号", "器材编码", "目录编号", "分类编号", "物品编码", "仪器代码",
        "教学仪器编号"),
    "name": ("仪器名称", "品名", "名称", "器材名称", "设备名称", "物品名称", "仪器（设备）名称",
        "器材品名"),
    "spec": ("规格型号", "规格", "型号", "型号规格", "规格、型号", "规格/型号", "型号及规格",
        "规格参数"),
    "unit": ("单位", "计量单位", "数量单位", "计量单位名称"),
    "required": ("应配数量", "应配", "配备数量", "标准数量", "配备标准", "应有数", "标准配备",
        "达标数量"),
    "quantity": ("实有数量", "数量", "账面数", "库存数量", "现有数", "实存数", "结存数量",
        "账面数量", "现存数量"),
    "unit_price": ("单价", "单价（元）", "单价(元)", "购置单价", "单价/元", "价格（元）",
        "含税单价"),
    "amount": ("金额", "金额（元）", "总价", "总金额(元)", "合计金额", "价值（元）", "原值"),
    "purchase_date": ("购置日期", "购入时间", "购买日期", "购置时间", "采购日期", "入库日期",
        "购入年月", "取得时间"),
    "location": ("存放地点", "存放位置", "放置地点", "位置", "存放地点\n（室-柜-层）", "存放处",
        "存放室柜", "所在场所"),
    "keeper": ("保管人", "管理员", "责任人", "保管员", "负责人", "保管人姓名", "保管教师"),
    "voucher": ("凭证号", "发票号", "单据号", "凭证编号", "记账凭证号", "发票号码", "入账凭证"),
    "note": ("备注", "附注", "说明", "备注说明", "备 注"),
    "finance_card": ("财务卡片号", "资产卡片号", "卡片编号", "固定资产卡片号", "财务资产卡号"),
}  # fmt: skip
OTHERS = (
    ("旧系统ID", lambda rng: rng.randrange(100_000, 999_999)),
    ("供应商", lambda rng: rng.choice(("杭州教仪厂", "宁波科教公司", "上海仪器有限公司"))),
    ("生产厂家", lambda rng: rng.choice(("华东教学仪器厂", "天津模型厂"))),
    ("使用年限", lambda rng: rng.choice((5, 8, 10))),
    ("状态", lambda rng: rng.choice(("在用", "在库"))),
    ("品牌", lambda rng: rng.choice(("晨光", "远大"))),
)


@dataclass
class Cell:
    """A value with what a format needs to know of it."""

    value: Any
    formula: str | None = None


@dataclass
class Line:
    """A data row: what it means, and what its cells show by field."""

    truth: dict[str, Any]
    shown: dict[str, Any]
    fault: tuple[str, str, str, Any] | None = None
    """Code, severity, field, what it was repaired to."""
    shift: int = 0
    covers: int = 0
    """Rows below that its merged place covers."""
    is_kept: bool = False
    """Another row's fault rests on this one, so it has none itself."""


@dataclass
class Style:
    """How one school writes its ledger."""

    words: dict[str, str]
    order: list[str]
    header: str
    title: bool
    blank_rows: int
    blank_columns: int
    dates: str
    cover: bool
    cover_name: str
    others: dict[str, Callable[[random.Random], Any]]


@dataclass
class Ledger:
    """A file with its truth, in the form of the expected files."""

    file: str
    content: bytes
    truth: dict[str, Any]
    rooms: list[tuple[str, str, int, str]]
    style: Style
    lines: dict[str, list[Line]] = field(default_factory=dict)


def make(seed: int, form: str = "xlsx", *, rows: int = 90, words: str = "known") -> Ledger:
    """
    Write one school's ledger.

    `words` says what stands in the header: `known` synonyms, `odd` ones for the columns that show
    what they are by their content, or `none` at all.
    """
    rng = random.Random(f"{seed}/{form}/{words}")
    rooms = _rooms(rng)
    style = _style(rng, form, words)
    subjects = rng.sample(SUBJECTS, rng.randrange(2, 4) if form in TYPED else 1)
    vouchers: list[tuple[str, date]] = []
    sheets = {
        (subject if form in TYPED else ""): _lines(rng, rooms, rows, form, style, vouchers)
        for subject in subjects
    }
    school = rng.choice(SCHOOLS)
    grids = {name: _grid(rng, style, school, name, lines) for name, lines in sheets.items()}
    content = _WRITERS[form](style, school, rooms, grids)
    extension = {"html": "xls", "gb2312": "xls", "xls": "xls", "xlsx": "xlsx"}.get(form, "csv")
    return Ledger(f"账-{seed}.{extension}", content, _truth(grids), rooms, style, sheets)


def _rooms(rng: random.Random) -> list[tuple[str, str, int, str]]:
    found = []
    for short, name in rng.sample(ROOMS, 5):
        for number in range(1, rng.randrange(2, 4)):
            keeper = rng.choice(KEEPERS)
            found.append((f"{short}{number}", f"{name}{number}", rng.randrange(3, 13), keeper))
    return found


def _style(rng: random.Random, form: str, words: str) -> Style:
    order = list(FIELDS)
    # Without a header nobody could tell a note from a card's number in just any order.
    manner = rng.choice(("usual", "swapped", "shuffled")) if words != "none" else "usual"
    if manner == "swapped":
        for _ in range(4):
            at = rng.randrange(4, len(order) - 1)
            order[at], order[at + 1] = order[at + 1], order[at]
    elif manner == "shuffled":
        rest = order[3:]
        rng.shuffle(rest)
        order[3:] = rest
    others = dict(rng.sample(OTHERS, rng.randrange(0, 4) if words != "none" else 0))
    for other in others:
        order.insert(rng.randrange(len(order) + 1), other)
    chosen = {name: rng.choice(found) for name, found in WORDS.items()}
    if words == "odd":
        odd = ("purchase_date", "location", "code", "unit", "unit_price", "amount", "voucher")
        for place, name in enumerate(rng.sample(odd, 3)):
            chosen[name] = ("栏甲", "其二", "")[place]
    plain = words == "none" or form in ("xls",)
    return Style(
        words=chosen,
        order=order,
        header=words if words == "none" else rng.choice(("one", "two", "grouped", "three")),
        title=rng.random() < 0.8,
        blank_rows=rng.choice((0, 0, 1, 2)),
        blank_columns=0 if plain else rng.choice((0, 0, 1)),
        dates=rng.choice(("iso", "dots", "slashes", "chinese", "real" if form in TYPED else "iso")),
        cover=form in TYPED and rng.random() < 0.7,
        cover_name=rng.choice(("封面", "基本情况", "场室一览")),
        others=others,
    )


def _lines(
    rng: random.Random,
    rooms: list[tuple[str, str, int, str]],
    count: int,
    form: str,
    style: Style,
    vouchers: list[tuple[str, date]],
) -> list[Line]:
    kinds = sorted(rng.sample(KINDS, min(len(KINDS), 30)), key=lambda kind: kind[0])
    lines: list[Line] = []
    while len(lines) < count:
        code, name, spec, unit, price = kinds[len(lines) * len(kinds) // count]
        room, _, cabinets, keeper = rng.choice(rooms[:4])
        bought = date(2008, 1, 1) + timedelta(days=rng.randrange(6000))
        number = f"记{bought:%Y%m}-{rng.randrange(1000):03d}"
        if vouchers and rng.random() < 0.5:
            number, bought = rng.choice(vouchers)
        elif all(number != known for known, _ in vouchers):
            vouchers.append((number, bought))
        bought = dict(vouchers).get(number, bought)
        quantity = rng.randrange(1, 60) if price < 500 else rng.randrange(1, 4)
        cost = (Decimal(str(price)) * rng.choice((90, 100, 110)) / 100).quantize(Decimal("0.01"))
        cabinet = rng.randrange(1, cabinets + 1)
        place = f"{room}-{cabinet:02d}-{rng.randrange(1, 6)}"
        if price > 500 and rng.random() < 0.3:
            place = room
        truth = {
            "code": code, "name": name, "spec": spec, "unit": unit,
            "required": rng.choice((None, quantity, quantity + 3, 42)), "quantity": quantity,
            "unit_price": f"{cost}", "amount": f"{cost * quantity:.2f}",
            "purchase_date": bought.isoformat(), "location": place, "keeper": keeper,
            "voucher": number,
            "note": rng.choice((None, None, None, "局配", "旧品 Ⅱ级", "2023年盘点确认")),
            "finance_card": f"{bought.year}{len(lines):06d}" if price > 900 else None,
        }  # fmt: skip
        shown = dict(truth) | {
            "unit_price": float(cost) if cost % 1 else int(cost),
            "amount": float(cost * quantity),
            "purchase_date": _date_as(bought, style.dates),
        }
        if truth["required"] is None and rng.random() < 0.3:
            shown["required"] = "若干"
        lines.append(Line(truth, shown))
    _plant(rng, lines, rooms, form, style)
    return lines


def _date_as(day: date, way: str) -> Any:
    return {
        "iso": day.isoformat(),
        "dots": f"{day.year}.{day.month}.{day.day}",
        "slashes": f"{day:%Y/%m/%d}",
        "chinese": f"{day.year}年{day.month}月{day.day}日",
        "real": day,
    }[way]


# --- faults ----------------------------------------------------------------------------------


def _full(text: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)


def _plant(
    rng: random.Random, lines: list[Line], rooms: list[Any], form: str, style: Style
) -> None:
    """Give each fault of the README to a few rows of their own."""
    free = list(range(12, len(lines)))
    rng.shuffle(free)
    for plant in _PLANTS:
        for _ in range(rng.choice((1, 2))):
            while free:
                line = lines[free.pop()]
                if (
                    not line.fault
                    and not line.is_kept
                    and plant(rng, line, lines, rooms, form, style)
                ):
                    break
    _merge(rng, lines, form)


def _fault(line: Line, code: str, severity: str, field_: str, repaired: Any = None) -> bool:
    line.fault = (code, severity, field_, repaired)
    return True


def _fullwidth(rng, line, lines, rooms, form, style):
    name = rng.choice(("code", "quantity", "unit_price"))
    line.shown[name] = _full(str(line.shown[name]))
    return _fault(line, "fullwidth", WARNING, name, line.truth[name])


def _whitespace(rng, line, lines, rooms, form, style):
    name = rng.choice(("code", "name", "spec", "unit", "location", "keeper", "voucher"))
    before, after = rng.choice(((" ", ""), ("", " "), ("\u3000", ""), ("", "\u3000")))
    line.shown[name] = f"{before}{line.shown[name]}{after}"
    return _fault(line, "whitespace", WARNING, name, line.truth[name])


def _newline(rng, line, lines, rooms, form, style):
    name = rng.choice(("spec", "note"))
    line.truth[name] = f"{line.truth[name] or '已换件'} 带说明书"
    line.shown[name] = line.truth[name].replace(" 带说明书", "\n带说明书")
    return _fault(line, "newline", WARNING, name, line.truth[name])


def _code_as_number(rng, line, lines, rooms, form, style):
    code = line.truth["code"]
    if not code.isdigit() or (form not in TYPED and not code.startswith("0")):
        return False
    line.shown["code"] = int(code) if form in TYPED else code.lstrip("0")
    return _fault(line, "code_as_number", WARNING, "code", code)


def _number_as_text(rng, line, lines, rooms, form, style):
    if form not in TYPED:
        return False
    name = rng.choice(("quantity", "unit_price"))
    line.shown[name] = str(line.shown[name])
    return _fault(line, "number_as_text", WARNING, name)


def _date_partial(rng, line, lines, rooms, form, style):
    month = line.truth["purchase_date"][:7]
    year, number = month.split("-")
    line.shown["purchase_date"] = rng.choice((month, f"{year}年{int(number)}月"))
    line.truth["purchase_date"] = month
    return _fault(line, "date_partial", WARNING, "purchase_date", month)


def _date_serial(rng, line, lines, rooms, form, style):
    day = date.fromisoformat(line.truth["purchase_date"])
    serial = (day - date(1899, 12, 30)).days
    line.shown["purchase_date"] = rng.choice((serial, str(serial)))
    return _fault(line, "date_serial", WARNING, "purchase_date", day.isoformat())


def _quantity_with_unit(rng, line, lines, rooms, form, style):
    line.shown["quantity"] = f"{line.truth['quantity']}{line.truth['unit']}"
    return _fault(line, "quantity_with_unit", WARNING, "quantity", line.truth["quantity"])


def _price_format(rng, line, lines, rooms, form, style):
    price = Decimal(line.truth["unit_price"])
    shown = [f"￥{price}", f"{price}元"] + ([f"{price:,}"] if price >= 1000 else [])
    line.shown["unit_price"] = rng.choice(shown)
    return _fault(line, "price_format", WARNING, "unit_price", f"{price}")


def _location_format(rng, line, lines, rooms, form, style):
    room, _, rest = line.truth["location"].partition("-")
    if not rest:
        return False
    cabinet, shelf = rest.split("-")
    ways = [f"{room}-{int(cabinet)}-{shelf}", f"{room}—{cabinet}—{shelf}"]
    if style.cover:
        full = next(name for short, name, *_ in rooms if short == room)
        ways.append(f"{full} {int(cabinet)}号柜{shelf}层")
    line.shown["location"] = rng.choice([way for way in ways if way != line.truth["location"]])
    return _fault(line, "location_format", WARNING, "location", line.truth["location"])


def _location_missing(rng, line, lines, rooms, form, style):
    line.truth["location"] = line.shown["location"] = None
    return _fault(line, "location_missing", WARNING, "location")


def _unit_conflict(rng, line, lines, rooms, form, style):
    return _conflict(rng, line, lines, "unit", "unit_conflict", lambda unit: "只件"[unit == "只"])


def _name_conflict(rng, line, lines, rooms, form, style):
    return _conflict(rng, line, lines, "name", "code_name_conflict", lambda name: f"教学用{name}")


def _conflict(rng, line, lines, name, fault, change):
    """A later row of a code that came before, clean, with another word."""
    code = line.truth["code"]
    first = next(one for one in lines if one.truth["code"] == code)
    if first is line or first.fault:
        return False
    first.is_kept = True
    line.truth[name] = line.shown[name] = change(line.truth[name])
    return _fault(line, fault, WARNING, name, line.truth[name])


def _voucher_conflict(rng, line, lines, rooms, form, style):
    at = lines.index(line)
    other = rng.choice(lines[:at])
    if other.fault or other.truth["purchase_date"] == line.truth["purchase_date"]:
        return False
    other.is_kept = True
    line.truth["voucher"] = line.shown["voucher"] = other.truth["voucher"]
    return _fault(line, "voucher_conflict", WARNING, "voucher", other.truth["voucher"])


def _amount_mismatch(rng, line, lines, rooms, form, style):
    line.shown["amount"] = float(Decimal(line.truth["amount"]) + rng.choice((100, 9, -1)))
    return _fault(line, "amount_mismatch", WARNING, "amount", line.truth["amount"])


def _formula_error(rng, line, lines, rooms, form, style):
    if rng.random() < 0.5:
        line.shown["amount"] = "#REF!"
        return _fault(line, "formula_error", WARNING, "amount", line.truth["amount"])
    line.shown["quantity"] = "#REF!"
    return _fault(line, "formula_error", ERROR, "quantity")


def _formula_injection(rng, line, lines, rooms, form, style):
    text = rng.choice(("+cmd|' /C calc'!A0", "@SUM(1+1)*2"))
    line.truth["note"] = line.shown["note"] = text
    return _fault(line, "formula_injection", WARNING, "note", text)


def _code_missing(rng, line, lines, rooms, form, style):
    line.truth["code"] = line.shown["code"] = None
    return _fault(line, "code_missing", WARNING, "code")


def _refused(name, code, values):
    def plant(rng, line, lines, rooms, form, style):
        line.shown[name] = rng.choice(values)
        return _fault(line, code, ERROR, name)

    return plant


def _quantity_negative(rng, line, lines, rooms, form, style):
    line.shown["quantity"] = -line.truth["quantity"]
    return _fault(line, "quantity_negative", ERROR, "quantity")


def _location_unknown(rng, line, lines, rooms, form, style):
    if not style.cover:
        return False
    room = line.truth["location"].partition("-")[0]
    line.shown["location"] = rng.choice((f"{room[:-1]}9-01-1", f"{room}-88-1"))
    return _fault(line, "location_unknown", ERROR, "location")


def _name_missing(rng, line, lines, rooms, form, style):
    line.shown["name"] = None
    return _fault(line, "name_missing", ERROR, "name")


def _duplicate(rng, line, lines, rooms, form, style):
    at = lines.index(line)
    other = lines[at - 1]
    if other.fault:
        return False
    other.is_kept = True
    line.truth, line.shown = dict(other.truth), dict(other.shown)
    return _fault(line, "duplicate_row", ERROR, "*")


def _row_shifted(rng, line, lines, rooms, form, style):
    if style.order.index("spec") > 6 or line.truth["location"] is None:
        return False
    line.shift = rng.choice((1, -1))
    return _fault(line, "row_shifted", ERROR, "*")


_PLANTS = (
    _duplicate, _unit_conflict, _name_conflict, _voucher_conflict, _fullwidth, _whitespace,
    _newline, _code_as_number, _number_as_text, _date_partial, _date_serial, _quantity_with_unit,
    _price_format, _location_format, _location_missing, _amount_mismatch, _formula_error,
    _formula_injection, _code_missing, _quantity_negative, _location_unknown, _name_missing,
    _row_shifted,
    _refused("code", "code_format", ("720033", "72-00", "61O10")),
    _refused("quantity", "quantity_not_number", ("若干", "一批", "?")),
    _refused("purchase_date", "date_invalid", ("2013.2.30", "2031.13.1", "不详")),
    _refused("location", "location_incomplete", ("5柜", "2层", "仪器室")),
)  # fmt: skip


def _merge(rng: random.Random, lines: list[Line], form: str) -> None:
    """Let a merged place cover the next row or two, where the file can say so."""
    if form not in ("xlsx", "html", "gb2312"):
        return
    for _ in range(2):
        at = 20 * rng.randrange(1, 4) + rng.randrange(11, 16)
        run = lines[at : at + rng.choice((2, 3))]
        if (
            any(line.fault or line.covers or line.is_kept for line in run)
            or not run[0].truth["location"]
        ):
            continue
        run[0].covers = len(run) - 1
        for line in run[1:]:
            line.truth["location"] = run[0].truth["location"]
            line.shown["location"] = None
            _fault(line, "merged_filled", WARNING, "location", line.truth["location"])


# --- the sheets ------------------------------------------------------------------------------


@dataclass
class Grid:
    """A sheet: values by row and column from 1, merged areas, and the truth of its rows."""

    cells: dict[tuple[int, int], Any]
    merged: list[tuple[int, int, int, int]]
    records: list[dict[str, Any]]
    faults: list[dict[str, Any]]
    rows: int
    columns: int
    last: list[Any] = field(default_factory=list)


def _grid(rng: random.Random, style: Style, school: str, sheet: str, lines: list[Line]) -> Grid:
    grid = Grid({}, [], [], [], style.blank_rows, style.blank_columns + len(style.order))
    first = style.blank_columns + 1
    last = grid.columns

    def put(row: int, values: dict[int, Any]) -> None:
        grid.cells |= {(row, column): value for column, value in values.items()}

    def furnish(text: str, wide: int = last) -> None:
        grid.rows += 1
        put(grid.rows, {first: text})
        if wide > first:
            grid.merged.append((grid.rows, grid.rows, first, wide))

    if style.title:
        furnish(f"{school}{sheet}仪器总账")
        furnish(f"单位：{school}（盖章）", first + 4)
    _header(style, grid, put, first)
    for number, line in enumerate(lines, start=1):
        if number % 20 == 1:
            furnish(f"{'一二三四五六七八'[number // 20 % 8]}、{rng.choice(CLASSES)}")
        if number == 51 and style.header != "none":
            grid.rows += 1
            put(grid.rows, {first: "制表人：甲    审核人：乙    第1页 共2页"})
            _header(style, grid, put, first)
        _data(rng, style, grid, put, first, sheet, number, line)
        if number % 20 == 0:
            grid.rows += 1
            put(grid.rows, {first + style.order.index("name"): "小计"})
    for extra in range(2):
        grid.rows += 1
        if "serial" in style.order:
            put(grid.rows, {first + style.order.index("serial"): len(lines) + 1 + extra})
    grid.rows += 1
    put(grid.rows, {first + style.order.index("name"): "合计"})
    furnish("制表人：甲        审核人：乙        第2页 共2页")
    return grid


def _header(style: Style, grid: Grid, put: Callable[..., None], first: int) -> None:
    if style.header == "none":
        return
    labels = {first + n: style.words.get(name, name) for n, name in enumerate(style.order)}
    upper: dict[int, str] = {}
    if style.header in ("two", "three"):
        for group, members in (
            ("数量", {"required", "quantity"}),
            ("价值", {"unit_price", "amount"}),
            ("购置与存放", {"purchase_date", "location", "keeper"}),
        ):
            columns = [first + n for n, name in enumerate(style.order) if name in members]
            if columns == list(range(columns[0], columns[0] + len(members))):
                upper |= {columns[0]: group}
                grid.merged.append((grid.rows + 1, grid.rows + 1, columns[0], columns[-1]))
                upper |= dict.fromkeys(columns[1:], "")
    if not upper:
        grid.rows += 1
        put(grid.rows, {column: label for column, label in labels.items() if label})
        return
    height = 3 if style.header == "three" else 2
    top, bottom = grid.rows + 1, grid.rows + height
    put(top, {c: text for c, text in upper.items() if text})
    for column, label in labels.items():
        if column in upper:
            put(bottom, {column: label})
        else:
            put(top, {column: label})
            grid.merged.append((top, bottom, column, column))
    grid.rows = bottom


def _data(
    rng: random.Random, style: Style, grid: Grid, put: Callable[..., None], first: int,
    sheet: str, number: int, line: Line,
) -> None:  # fmt: skip
    grid.rows += 1
    shown = line.shown | {"serial": number}
    values = [
        style.others[name](rng) if name in style.others else shown.get(name) for name in style.order
    ]
    if line.fault and line.fault[0] == "duplicate_row":
        values = [
            number if name == "serial" else before
            for name, before in zip(style.order, grid.last, strict=True)
        ]
    grid.last = list(values)
    if line.shift:
        at = style.order.index("spec")
        tail = values[at:]
        tail = [None, *tail[:-1]] if line.shift > 0 else [*tail[1:], None]
        values = values[:at] + tail
    put(grid.rows, {first + n: value for n, value in enumerate(values) if value is not None})
    if line.covers:
        column = first + style.order.index("location")
        grid.merged.append((grid.rows, grid.rows + line.covers, column, column))
    here = {"sheet": sheet, "row": grid.rows}
    if line.fault:
        code, severity, name, _ = line.fault
        column = "*" if name == "*" else COLUMNS[name]
        grid.faults.append(here | {"column": column, "code": code, "severity": severity})
    if not line.fault or line.fault[1] == WARNING:
        grid.records.append(here | line.truth)


def _truth(grids: dict[str, Grid]) -> dict[str, Any]:
    return {
        "records": [record for grid in grids.values() for record in grid.records],
        "faults": [fault for grid in grids.values() for fault in grid.faults],
    }


# --- the formats -----------------------------------------------------------------------------


def _cover_rows(school: str, rooms: list[Any]) -> list[list[Any]]:
    return [
        [f"{school}教学仪器总账"], [], ["学校标识码", "2133990155", "（虚构）"], ["学段",
            "小学"], [],
        ["室简称", "室名", "仪器柜数", "保管人"], *[list(room) for room in rooms],
    ]  # fmt: skip


def _xlsx(style: Style, school: str, rooms: list[Any], grids: dict[str, Grid]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    if style.cover:
        cover = book.create_sheet(style.cover_name)
        for row in _cover_rows(school, rooms):
            cover.append(row)
    for name, grid in grids.items():
        sheet = book.create_sheet(name)
        for (row, column), value in grid.cells.items():
            cell = sheet.cell(row, column, value)
            if isinstance(value, str):
                cell.data_type = "e" if value == "#REF!" else "s"
        for top, bottom, left, right in grid.merged:
            sheet.merge_cells(f"{get_column_letter(left)}{top}:{get_column_letter(right)}{bottom}")
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _xls(style: Style, school: str, rooms: list[Any], grids: dict[str, Grid]) -> bytes:
    sheets = []
    if style.cover:
        cells = {
            (row, column): value
            for row, values in enumerate(_cover_rows(school, rooms), start=1)
            for column, value in enumerate(values, start=1)
        }
        sheets.append((style.cover_name, 0, _biff(cells)))
    sheets += [(name, 0, _biff(grid.cells)) for name, grid in grids.items()]
    return old.workbook(sheets)


def _biff(cells: dict[tuple[int, int], Any]) -> bytes:
    found = b""
    for (row, column), value in sorted(cells.items()):
        at = (row - 1, column - 1)
        if value == "#REF!":
            found += old.error_formula(*at, 0x17)
        elif isinstance(value, date):
            found += old.text(*at, f"{value.year}.{value.month}.{value.day}")
        elif isinstance(value, str):
            found += old.text(*at, value)
        else:
            found += old.number(*at, float(value))
    return found


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(value)


def _only(grids: dict[str, Grid]) -> Grid:
    (grid,) = grids.values()
    return grid


def _csv(delimiter: str, encoding: str) -> Callable[..., bytes]:
    def write(style: Style, school: str, rooms: list[Any], grids: dict[str, Grid]) -> bytes:
        import csv

        grid, target = _only(grids), io.StringIO()
        writer = csv.writer(target, delimiter=delimiter)
        for row in range(1, grid.rows + 1):
            writer.writerow(
                [_plain(grid.cells.get((row, column))) for column in range(1, grid.columns + 1)]
            )
        return target.getvalue().encode(encoding, errors="replace")

    return write


def _html(charset: str) -> Callable[..., bytes]:
    def write(style: Style, school: str, rooms: list[Any], grids: dict[str, Grid]) -> bytes:
        import html

        grid = _only(grids)
        spans = {(top, left): (bottom - top + 1, right - left + 1)
                 for top, bottom, left, right in grid.merged}  # fmt: skip
        covered = {
            (row, column)
            for top, bottom, left, right in grid.merged
            for row in range(top, bottom + 1)
            for column in range(left, right + 1)
        } - set(spans)
        out = [f'<html><head><meta charset="{charset}"></head><body><table>']
        for row in range(1, grid.rows + 1):
            out.append("<tr>")
            for column in range(1, grid.columns + 1):
                if (row, column) in covered:
                    continue
                tall, wide = spans.get((row, column), (1, 1))
                text = html.escape(_plain(grid.cells.get((row, column)))).replace("\n", "<br>")
                out.append(f"<td rowspan={tall} colspan={wide}>{text or '&nbsp;'}</td>")
            out.append("</tr>")
        out.append("</table></body></html>")
        encoding = "gb18030" if charset == "gb2312" else charset
        return "\n".join(out).encode(encoding)

    return write


_WRITERS: dict[str, Callable[..., bytes]] = {
    "xlsx": _xlsx, "xls": _xls, "csv": _csv(",", "utf-8-sig"), "semicolon": _csv(";", "utf-8"),
    "tab": _csv("\t", "utf-8"), "utf16": _csv("\t", "utf-16"), "gb18030": _csv(",", "gb18030"),
    "html": _html("utf-8"), "gb2312": _html("gb2312"),
}  # fmt: skip
