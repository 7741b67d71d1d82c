"""
Columns are about what a column holds by what stands in it, where its header does not say.

A column of dates is a date column whatever is written over it, codes and places have a shape, and
of three columns of numbers the quantity is the one that gives the amount with the price.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product

from inventory.exchange.rules.beside import CONDITIONS, SOURCES, is_epc, says_one_of
from inventory.exchange.rules.cells import Cell, Kind, Row
from inventory.exchange.rules.dates import looks_like_date
from inventory.exchange.rules.headers import (
    Header,
    Source,
    means_something_else,
)
from inventory.exchange.rules.text import folded, trimmed
from inventory.exchange.rules.values import amount_in, is_unit, looks_like_code

SAMPLE = 300
"""Rows that are looked at to learn what the columns hold."""
_FEW, _MOST = 4, 0.6
_HARDLY, _CLEARLY, _NEARLY = 0.15, 0.8, 0.9

_PLACE = re.compile(
    r".*[^\d\s]\d{0,3}\s*[-—–－/]\s*\d{1,3}\s*[-—–－/]\s*\d{1,2}|.*\d\s*号?[柜橱].*", re.S
)
_VOUCHER = re.compile(r"[^\d\s]{0,6}\d{4,8}[-—/]\d{1,6}|[^\d\s]{1,6}[-第]?\d{3,}号?")
_CARD = re.compile(r"[A-Z]{0,4}-?\d{8,16}")
_CHINESE = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
_PERSON = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]{2,4}")
_SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁"
    "魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎"
    "易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐梅莫庄辛"
    "管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏"
    "宁柯阮桂闵解强柴华车冉房边吉饶邝郎骆应帅楼来裘竺占胥葉欧阳司马上官诸葛"
)


@dataclass(frozen=True, slots=True)
class Profile:
    """The cells of one column, by the row that they stand in."""

    column: int
    cells: Mapping[int, Cell]
    rows: int

    @property
    def filled(self) -> float:
        """The share of rows that have something here."""
        return len(self.cells) / self.rows if self.rows else 0.0

    def share(self, fits: Callable[[Cell], bool]) -> float:
        """The share of this column's cells that fit."""
        if len(self.cells) < _FEW:
            return 0.0
        return sum(1 for cell in self.cells.values() if fits(cell)) / len(self.cells)

    @property
    def variety(self) -> float:
        """How many different texts there are for each cell, 1 when no two are alike."""
        texts = {trimmed(cell.text) for cell in self.cells.values()}
        return len(texts) / len(self.cells) if self.cells else 0.0

    def numbers(self) -> dict[int, float]:
        """The numbers in this column by row."""
        found = {}
        for row, cell in self.cells.items():
            if cell.kind is not Kind.DATE and (number := amount_in(cell)) is not None:
                found[row] = float(number)
        return found


def completed(header: Header, rows: Iterable[Row], chosen: Mapping[str, str]) -> Header:
    """
    A header with what was chosen, and with what its columns show where the words do not tell.

    `chosen` says by the words over a column (`Header.key`) what it holds; nothing when it is to be
    passed over.
    """
    profiles = _profiles(list(rows))
    columns, sources = dict(header.columns), dict(header.sources)
    settled = _choose(header, profiles, chosen, columns, sources)
    learner = _Learner(header, profiles, columns, sources, settled)
    learner.learn()
    return replace(header, columns=columns, sources=sources)


def _profiles(rows: Sequence[Row]) -> dict[int, Profile]:
    widest = max((len(row.cells) for row in rows), default=0)
    full = [row for row in rows if len(row.cells) >= max(3, widest // 2)]
    columns = sorted({column for row in full for column in row.cells})
    return {
        column: Profile(
            column,
            {row.number: row.cells[column] for row in full
             if column in row.cells and trimmed(row.cells[column].text)},
            len(full),
        )
        for column in columns
    }  # fmt: skip


def _choose(
    header: Header,
    profiles: Mapping[int, Profile],
    chosen: Mapping[str, str],
    columns: dict[str, int],
    sources: dict[str, Source],
) -> set[int]:
    """Put what was chosen in place of what the words say; the columns that are settled."""
    settled = set()
    for column in sorted({*header.labels, *profiles}):
        key = next((key for key in header.keys(column) if key in chosen), None)
        if key is None:
            continue
        settled.add(column)
        for field in [field for field, there in columns.items() if there == column]:
            del columns[field], sources[field]
        if chosen[key]:
            columns[chosen[key]] = column
            sources[chosen[key]] = Source.CHOSEN
    return settled


class _Learner:
    """Finds columns for the fields that have none, and better ones for those that cannot be."""

    def __init__(
        self,
        header: Header,
        profiles: Mapping[int, Profile],
        columns: dict[str, int],
        sources: dict[str, Source],
        settled: set[int],
    ) -> None:
        self._header = header
        self._profiles = profiles
        self._columns = columns
        self._sources = sources
        self._settled = settled

    def learn(self) -> None:
        """Look at shapes first, then at numbers that belong together, then at what is left."""
        self._tags()
        for field, fits in (*_SHAPES.items(), *_SHAPES.items()):
            self._shape(field, fits)  # twice: a column may have been given up meanwhile
        self._serial()
        self._numbers()
        if "keeper" not in self._columns:
            self._keeper()
        self._texts()
        self._choices()
        self._unlabelled()

    def _set(self, field: str, column: int) -> None:
        self._columns[field] = column
        self._sources[field] = Source.CONTENT

    def _free(self) -> list[Profile]:
        """The columns that hold nothing yet and whose words do not say that they are not ours."""
        taken = {*self._columns.values(), *self._settled}
        return [
            profile
            for column, profile in self._profiles.items()
            if column not in taken and not means_something_else(self._header.labels.get(column, ""))
        ]

    def _may_change(self, field: str) -> bool:
        """Whether a field has no column, or one that its content speaks against."""
        if self._sources.get(field) is Source.CHOSEN:
            return False
        column = self._columns.get(field)
        if column is None:
            return True
        profile = self._profiles.get(column)
        return profile is None or (
            len(profile.cells) >= 2 * _FEW and profile.share(_SHAPES[field]) < _HARDLY
        )

    def _shape(self, field: str, fits: Callable[[Cell], bool]) -> None:
        if not self._may_change(field):
            return
        wanted = _CLEARLY if field in self._columns else _MOST
        best = max(self._free(), key=lambda one: one.share(fits) * one.filled, default=None)
        if best and best.share(fits) >= wanted:
            self._set(field, best.column)

    def _tags(self) -> None:
        """A column of tag numbers that are no EPCs holds what the things were known by before."""
        column = self._columns.get("epc")
        profile = self._profiles.get(column or 0)
        if column is None or profile is None or self._sources["epc"] is not Source.WORD:
            return
        if len(profile.cells) >= _FEW and profile.share(is_epc) < _HARDLY:
            del self._columns["epc"], self._sources["epc"]
            if (
                "old_number" not in self._columns
                and self._header.labels.get(column, "")[:1] == "标"
            ):
                self._columns["old_number"] = column
                self._sources["old_number"] = Source.CONTENT

    def _serial(self) -> None:
        if "serial" in self._columns:
            return
        for profile in self._free():
            numbers = list(profile.numbers().values())
            steps = sum(1 for one, two in pairwise(numbers) if two - one == 1)
            if len(numbers) >= _FEW and steps >= _CLEARLY * (len(numbers) - 1):
                self._set("serial", profile.column)
                return

    def _numbers(self) -> None:
        """Quantity times price is the amount, in most rows: find the columns of which it holds."""
        named = {
            field: self._profiles[self._columns[field]]
            for field in _PRODUCT
            if self._columns.get(field) in self._profiles
        }
        if len(named) == len(_PRODUCT) and not _speaks_against(named):
            return
        fixed = {
            field for field in named if field == "quantity" or self._sources[field] is Source.CHOSEN
        }
        movable = [profile for field, profile in named.items() if field not in fixed]
        pool = [one for one in (*self._free(), *movable) if self._is_of_numbers(one)]
        choices = {field: [named[field]] if field in fixed else pool for field in _PRODUCT}
        found = _product(choices)
        for field in found:
            self._columns.pop(field, None)
        for field, column in found.items():
            source = Source.WORD if field in named and named[field].column == column else None
            self._set(field, column)
            self._sources[field] = source or Source.CONTENT

    def _is_of_numbers(self, profile: Profile) -> bool:
        return len(profile.numbers()) >= max(_FEW, _MOST * len(profile.cells))

    def _keeper(self) -> None:
        def person(cell: Cell) -> bool:
            text = trimmed(cell.text)
            return bool(_PERSON.fullmatch(text)) and text[0] in _SURNAMES

        fitting = [
            one for one in self._free() if one.share(person) >= _CLEARLY and one.variety <= 0.5
        ]
        if fitting:
            self._set("keeper", max(fitting, key=lambda one: one.filled).column)

    def _texts(self) -> None:
        """Names are words in every row; specifications have digits and stand beside them."""
        if "name" not in self._columns:
            fitting = [one for one in self._free() if _is_of_names(one)]
            if fitting:
                self._set("name", max(fitting, key=_likeness_to_names).column)
        if "spec" not in self._columns and "name" in self._columns:
            after = self._columns["name"] + 1
            fitting = [one for one in self._free() if _is_of_specifications(one)]
            if fitting:
                best = max(fitting, key=lambda one: (one.column == after, one.share(_is_mixed)))
                self._set("spec", best.column)

    def _choices(self) -> None:
        """Columns in which there is nothing but the few words for a source or a condition."""
        for field, says in _CHOICES.items():
            if field in self._columns:
                continue
            fitting = [one for one in self._free() if one.share(says) >= _NEARLY]
            if fitting:
                self._set(field, max(fitting, key=lambda one: one.filled).column)

    def _unlabelled(self) -> None:
        """What only a column without any words can be: nobody said that it is something else."""
        bare = [one for one in self._free() if not self._header.labels.get(one.column)]
        quantity = self._columns.get("quantity")
        for profile in sorted(bare, key=lambda one: abs(one.column - (quantity or 0))):
            if "required" not in self._columns and quantity and _is_of_counts(profile):
                self._set("required", profile.column)
            elif "finance_card" not in self._columns and profile.share(_is_card) >= _CLEARLY:
                self._set("finance_card", profile.column)
            elif "note" not in self._columns and _is_of_notes(profile):
                self._set("note", profile.column)


def _speaks_against(named: Mapping[str, Profile]) -> bool:
    """Whether the amounts are clearly not the products, where enough rows tell."""
    numbers = [named[field].numbers() for field in _PRODUCT]
    return _telling(*numbers) >= 2 * _FEW and _agreement(*numbers) < _HARDLY


def _product(choices: Mapping[str, Sequence[Profile]]) -> dict[str, int]:
    best: tuple[float, dict[str, int]] = (0.0, {})
    numbers = {one.column: one.numbers() for group in choices.values() for one in group}
    whole = [one for one in choices["quantity"] if _are_whole(numbers[one.column])]
    for profiles in product(whole, choices["unit_price"], choices["amount"]):
        columns = [one.column for one in profiles]
        if len(set(columns)) < len(_PRODUCT):
            continue
        told = _agreement(*(numbers[column] for column in columns))
        # Where both may be the price, it stands behind the quantity.
        told += 0.001 * (columns[0] < columns[1])
        if told >= _CLEARLY and told > best[0]:
            best = (told, dict(zip(_PRODUCT, columns, strict=True)))
    return best[1]


_PRODUCT = ("quantity", "unit_price", "amount")


Numbers = Mapping[int, float]


def _are_whole(numbers: Numbers) -> bool:
    """Whether the numbers can be counts; in a row that is shifted there may stand another."""
    return sum(1 for n in numbers.values() if not n % 1) >= _NEARLY * len(numbers)


def _telling(quantities: Numbers, prices: Numbers, amounts: Numbers) -> int:
    """How many rows say something: a product with 1 shows nothing."""
    return sum(
        1
        for row, quantity in quantities.items()
        if quantity != 1 and prices.get(row, 1) != 1 and amounts.get(row)
    )


def _agreement(quantities: Numbers, prices: Numbers, amounts: Numbers) -> float:
    """In which share of rows the product is right; 0 when too few say anything."""
    if _telling(quantities, prices, amounts) < _FEW:
        return 0.0
    rows = [row for row in quantities if row in prices and row in amounts]
    right = sum(1 for row in rows if abs(quantities[row] * prices[row] - amounts[row]) < 0.02)
    return right / len(rows)


def _is_of_names(profile: Profile) -> bool:
    return (
        profile.filled >= _CLEARLY
        and profile.variety >= 0.15
        and profile.share(lambda cell: bool(_CHINESE.match(trimmed(cell.text)))) >= _CLEARLY
    )


def _likeness_to_names(profile: Profile) -> float:
    plain = profile.share(
        lambda cell: len(trimmed(cell.text)) >= 2 and not any(s.isdigit() for s in cell.text)
    )
    return plain + profile.variety


def _is_of_specifications(profile: Profile) -> bool:
    return profile.filled >= 0.5 and profile.variety >= 0.15 and profile.share(_is_mixed) >= 0.4


def _is_mixed(cell: Cell) -> bool:
    text = cell.text
    return cell.kind is Kind.TEXT and any(sign.isdigit() for sign in text) and not text.isdigit()


def _is_of_counts(profile: Profile) -> bool:
    def count(cell: Cell) -> bool:
        number = amount_in(cell)
        return trimmed(cell.text) == "若干" or (number is not None and 0 <= number < 10_000)

    return profile.share(count) >= _NEARLY and _are_whole(profile.numbers())


def _is_of_notes(profile: Profile) -> bool:
    return (
        0 < profile.filled < 0.7 and profile.share(lambda cell: cell.kind is Kind.TEXT) >= _NEARLY
    )


def _text_like(form: re.Pattern[str]) -> Callable[[Cell], bool]:
    def fits(cell: Cell) -> bool:
        return cell.kind is not Kind.DATE and bool(form.fullmatch(folded(trimmed(cell.text))))

    return fits


_is_card = _text_like(_CARD)
_SHAPES: Mapping[str, Callable[[Cell], bool]] = {
    "purchase_date": looks_like_date,
    "location": _text_like(_PLACE),
    "code": looks_like_code,
    "unit": is_unit,
    "voucher": _text_like(_VOUCHER),
    "epc": is_epc,
}
"""Fields whose values have a shape of their own, the clearest first."""
_CHOICES: Mapping[str, Callable[[Cell], bool]] = {
    "source": says_one_of(SOURCES),
    "condition": says_one_of(CONDITIONS),
}
