"""How well a reading agrees with the truth: recall, precision, and the share of equal records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

NUMBERS = frozenset(("required", "quantity", "unit_price", "amount"))


class Score(NamedTuple):
    """What was found and said, as counts, so that the files of a school add up."""

    found: int
    planted: int
    right: int
    said: int
    equal: int
    records: int
    wrong: tuple[Any, ...] = ()

    def __add__(self, other: Any) -> Score:
        return Score(*(one + two for one, two in zip(self, other, strict=True)))

    @property
    def recall(self) -> float:
        return self.found / self.planted if self.planted else 1.0

    @property
    def precision(self) -> float:
        return self.right / self.said if self.said else float(not self.planted)

    @property
    def equality(self) -> float:
        return self.equal / self.records if self.records else 1.0

    @property
    def passes(self) -> bool:
        return self.recall >= 0.98 and self.precision >= 0.95 and self.equality >= 0.99


NOTHING = Score(0, 0, 0, 0, 0, 0)


def score(read: Mapping[str, Any], truth: Mapping[str, Any]) -> Score:
    """Hold one file's dry run against its truth, as the sample rosters are scored."""
    shifted = {_place(f) for f in truth["faults"] if f["code"] == "row_shifted"}
    errors = {_place(f) for f in read["faults"] if f["severity"] == "error"}
    want = {_key(f) for f in truth["faults"] if _place(f) not in shifted}
    said = Counter(_key(f) for f in read["faults"] if _place(f) not in shifted)
    hit = len(want & set(said)) + len(errors & shifted)
    wrong = [("missed", *key) for key in want - set(said)]
    wrong += [("extra", *key) for key in said if key not in want]
    wrong += [("missed", *place, "row_shifted") for place in shifted - errors]
    equal, records, differing = _records(read["records"], truth["records"])
    return Score(
        hit, len(want) + len(shifted), hit, sum(said.values()) + len(errors & shifted),
        equal, records, tuple(wrong) + differing,
    )  # fmt: skip


def _records(
    read: Iterable[Mapping[str, Any]], truth: Iterable[Mapping[str, Any]]
) -> tuple[int, int, tuple[Any, ...]]:
    want = {_place(record): record for record in truth}
    equal, surplus, wrong = 0, 0, []
    for record in read:
        true = want.pop(_place(record), None)
        if true is None:
            surplus += 1
            wrong.append(("not expected", _place(record)))
            continue
        differing = {
            name: (true[name], record.get(name))
            for name in true
            if name not in ("sheet", "row")
            and _value(name, true[name]) != _value(name, record.get(name))
        }
        equal += not differing
        if differing:
            wrong.append((_place(record), differing))
    wrong += [("missing", place) for place in want]
    return equal, equal + len(wrong), tuple(wrong)


def _place(entry: Mapping[str, Any]) -> tuple[str, int]:
    return str(entry.get("sheet") or ""), int(entry["row"])


def _key(fault: Mapping[str, Any]) -> tuple[str, int, str, str, str]:
    column = "*" if fault["code"] == "duplicate_row" else fault["column"]
    return (*_place(fault), column, fault["severity"], fault["code"])


def _value(name: str, raw: Any) -> Any:
    if raw is None or raw == "":
        return None
    if name in NUMBERS:
        try:
            return Decimal(str(raw)).normalize()
        except InvalidOperation:
            return str(raw)
    return str(raw)
