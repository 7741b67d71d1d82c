"""
Rules are the pure reading of a ledger: cells in, records and faults out.

Nothing here opens a file, reads a clock or knows a database.
"""

from inventory.exchange.rules.cells import Cell, Kind, Merged, Row, Sheet, Workbook
from inventory.exchange.rules.faults import Fault, FaultCode, Severity
from inventory.exchange.rules.headers import COLUMNS
from inventory.exchange.rules.identity import (
    COMPARED,
    KindKey,
    differences,
    kind_key,
    line_key,
    with_line_keys,
)
from inventory.exchange.rules.places import Location, Register, Room
from inventory.exchange.rules.records import Record
from inventory.exchange.rules.refusals import (
    Damaged,
    Empty,
    Encrypted,
    NotASpreadsheet,
    Refusal,
    TooLarge,
    TooManyColumns,
    TooManyRows,
    ZipBomb,
)
from inventory.exchange.rules.roster import Roster, read_roster, without_doubtful_places
from inventory.exchange.rules.wanted import Wanted, paths_to, wanted_places

__all__ = [
    "COLUMNS",
    "COMPARED",
    "Cell",
    "Damaged",
    "Empty",
    "Encrypted",
    "Fault",
    "FaultCode",
    "Kind",
    "KindKey",
    "Location",
    "Merged",
    "NotASpreadsheet",
    "Record",
    "Refusal",
    "Register",
    "Room",
    "Roster",
    "Row",
    "Severity",
    "Sheet",
    "TooLarge",
    "TooManyColumns",
    "TooManyRows",
    "Wanted",
    "Workbook",
    "ZipBomb",
    "differences",
    "kind_key",
    "line_key",
    "paths_to",
    "read_roster",
    "wanted_places",
    "with_line_keys",
    "without_doubtful_places",
]
