"""This module is about the spreadsheet to fill in, with its instructions in the reader's words."""

from flask_babel import gettext
from sqlalchemy.orm import Session

from inventory.catalogue import queries as catalogue
from inventory.exchange.formats.blank import HEADERS, Choices, blank
from inventory.places import queries as places

UNITS = ("个", "台", "只", "支", "套", "件", "把", "块", "瓶", "盒")
CLASSES = ("计量仪器", "通用仪器", "专用仪器", "玻璃仪器", "模型", "标本", "工具", "材料")
MOST_PLACES = 2_000


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
