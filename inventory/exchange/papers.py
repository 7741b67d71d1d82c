"""This module is about the spreadsheet to fill in, with its instructions in the reader's words."""

from collections.abc import Iterable, Mapping

from flask_babel import gettext
from sqlalchemy.orm import Session

from inventory.catalogue import queries as catalogue
from inventory.exchange.formats.blank import HEADERS, Choices, blank
from inventory.exchange.queries import ImportHead
from inventory.places import queries as places
from inventory.web.filters import moment
from inventory.web.tables import Cell, Table
from inventory.web.words import IMPORT_STATES, say

UNITS = ("个", "台", "只", "支", "套", "件", "把", "块", "瓶", "盒")
CLASSES = ("计量仪器", "通用仪器", "专用仪器", "玻璃仪器", "模型", "标本", "工具", "材料")
MOST_PLACES = 2_000


def imports_table(
    heads: Iterable[ImportHead], schools: Mapping[str, str], people: Mapping[str, str]
) -> Table:
    """Return the list of imports for a spreadsheet."""
    columns = (
        (gettext("School"), 18), (gettext("File"), 30), (gettext("Read at"), 18),
        (gettext("By"), 14), (gettext("Rows"), 8), (gettext("Imported"), 8),
        (gettext("Imported already"), 10), (gettext("Differs"), 8), (gettext("State"), 14),
        (gettext("Import"), 36),
    )  # fmt: skip
    return Table(
        gettext("Earlier imports"), columns, (_import(head, schools, people) for head in heads)
    )


def _import(
    head: ImportHead, schools: Mapping[str, str], people: Mapping[str, str]
) -> tuple[Cell, ...]:
    return (
        schools.get(head.school_id, head.school_id), head.file, moment(head.staged_at),
        people.get(head.staged_by) or gettext("The server's operator"), head.total, head.done,
        head.statuses.get("same", 0), head.statuses.get("differs", 0),
        say(IMPORT_STATES, head.state), head.id,
    )  # fmt: skip


def template(session: Session, school_id: str | None) -> bytes:
    """Return the spreadsheet to fill in, with the units, classes and places of the school."""
    own = catalogue.subjects(session, school_id) if school_id else []
    units = catalogue.units(session, school_id) if school_id else []
    classes = catalogue.classes(session, school_id) if school_id else []
    standing = places.standing(session, school_id) if school_id else []
    choices = Choices(
        units=list(dict.fromkeys([*units, *UNITS])),
        classes=list(dict.fromkeys([*classes, *CLASSES])),
        places=[one.path for one in standing][:MOST_PLACES],
    )
    subject = own[0] if len(own) == 1 else "科学"
    return blank(subject[:31], choices, str(gettext("How to fill this in")), instructions())


def instructions() -> list[tuple[str, str]]:
    """Return what stands on the sheet that says how: a column's header, and what to write."""
    told = {
        "name": gettext("Needed. One line for each purchase of one kind."),
        "quantity": gettext("Needed. How many there are, a whole number."),
        "code": gettext("The number of the catalogue, if you know it. It may stay empty."),
        "unit": gettext("Choose one or type your own."),
        "equipment_class": gettext("Choose one or type your own."),
        "unit_price": gettext("In yuan. From some price on each piece gets its own label."),
        "purchase_date": gettext("2024-09-01, or 2024-09 if the day is not known."),
        "location": gettext("Room, cabinet and shelf: 科仪1-03-2. Empty: not placed yet."),
        "keeper": gettext("The name of the keeper."),
        "finance_card": gettext("The number of the finance card, if there is one."),
        "serial_no": gettext(
            "One for each thing, in order: A001、A002, or A001-A024. Each is a single thing then."
        ),
        "old_number": gettext(
            "What stands on the old label. It is found by every scan; one for each, or for a batch."
        ),
        "maker": gettext("May stay empty."),
        "supplier": gettext("May stay empty."),
        "invoice": gettext("The number of the invoice, if it is not the voucher."),
        "accepted": gettext("The day on which it was accepted (验收)."),
        "source": gettext("采购, 调拨, 自制, 捐赠 or 盘盈."),
        "warranty_until": gettext("A day or a month; or how long, as 3年 or 36个月."),
        "condition": gettext("完好, 陈旧, 损坏 or 不安全."),
        "epc": gettext("What an RFID reader gives: 24 or 32 hexadecimal digits."),
    }  # fmt: skip
    lines = [(HEADERS[field], str(text)) for field, text in told.items()]
    return [
        *lines,
        (str(gettext("Worksheets")), str(gettext(
            "The name of a worksheet is the subject. Copy the sheet for each further subject."
        ))),
        (str(gettext("The grey line")), str(gettext(
            "It is an example. It is passed over when the file is imported; you may delete it."
        ))),
        (str(gettext("Importing")), str(gettext(
            "First you see what each line becomes; nothing is written before you confirm."
        ))),
    ]  # fmt: skip
