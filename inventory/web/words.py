"""This module is about words for stored values: states, results, sorts, roles, reasons.

Storage holds identifiers; the page says them in the reader's language from these tables.
"""

import re

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

STATES = {
    "minted": _l("No label yet"),
    "printed": _l("Label printed"),
    "affixed": _l("Label affixed"),
    "retired": _l("Retired"),
}
RESULTS = {
    "match": _l("Match"),
    "open": _l("Quantity open"),
    "short": _l("Too few"),
    "surplus": _l("Surplus"),
    "missing": _l("Missing"),
    "misplaced": _l("Misplaced"),
    "unknown": _l("Unknown"),
}
SIGHTINGS = RESULTS | {
    "again": _l("Seen already"),
    "place": _l("Place"),
    "closed": _l("Count is closed"),
    "not_allowed": _l("Not allowed"),
    "other_school": _l("Another school's"),
    "not_a_thing": _l("Not a thing"),
    "no_such_task": _l("No such count"),
    "ambiguous": _l("Several things"),
    "retired": _l("Retired"),
    "undone": _l("Undone"),
}
BOOKS = {
    "general": _l("General ledger"),
    "detail": _l("Detail ledger"),
    "low_value": _l("Low-value ledger"),
}
DISAGREEMENTS = {
    "ledger_more": _l(
        "The ledger has more than there is: count this kind, then register what has no code yet, "
        "or take what is gone out of the ledger by a document."
    ),
    "ledger_less": _l(
        "There is more than the ledger has: find the invoice or slip and enter it as a receipt, "
        "or retire what was registered twice."
    ),
    "cards_differ": _l(
        "The cabinet cards do not follow the things, which cannot come from entering something: "
        "tell the administrator to run “tallycard verify --rebuild”."
    ),
}
"""What to do about a kind of which the sums differ, by what is the matter."""
LEFT_OUT = {
    "changed_since": _l("was changed since: it stays as it is now"),
    "retired": _l("is retired"),
    "not_all_here": _l("is not all at its place: bring it back first"),
    "locked": _l("is in a locked cabinet, or would go into one"),
    "place_retired": _l("would go to a place that was given up since"),
    "in_document": _l("is in a document that is not finished: finish or withdraw it"),
    "batch_there": _l("would join a batch of its kind that is there: move it by itself"),
}
"""Why a thing was left out when many were changed at once."""
ORDERS = {
    "number": _l("by number"),
    "newest": _l("the newest first"),
    "place": _l("by place"),
    "name": _l("by name"),
}
TONES = {
    "match": ("ok", "check"),
    "open": ("info", "number"),
    "short": ("warn", "neq"),
    "surplus": ("warn", "plus"),
    "missing": ("bad", "alert"),
    "misplaced": ("warn", "swap"),
    "unknown": ("bad", "question"),
    "draft": ("idle", "repair"),
    "submitted": ("info", "clock"),
    "returned": ("warn", "undo"),
    "approved": ("info", "clock"),
    "executed": ("ok", "check"),
    "filed": ("ok", "file"),
    "withdrawn": ("idle", "close"),
    "in_use": ("ok", "check"),
    "on_loan": ("info", "person"),
    "repair_wanted": ("warn", "repair"),
    "in_repair": ("warn", "repair"),
    "to_scrap": ("warn", "alert"),
    "in_transfer": ("info", "move"),
    "scrapped": ("idle", "close"),
    "written_off": ("idle", "close"),
    "transferred": ("idle", "move"),
    "todo": ("idle", "dash"),
    "again": ("idle", "again"),
    "place": ("info", "cabinet"),
    "closed": ("warn", "alert"),
    "not_allowed": ("bad", "alert"),
    "other_school": ("bad", "question"),
    "not_a_thing": ("bad", "question"),
    "no_such_task": ("bad", "question"),
    "ambiguous": ("warn", "question"),
    "undone": ("idle", "undo"),
    "minted": ("idle", "dash"),
    "printed": ("info", "print"),
    "good": ("ok", "check"),
    "worn": ("idle", "clock"),
    "damaged": ("warn", "repair"),
    "unsafe": ("bad", "alert"),
    "affixed": ("ok", "check"),
    "retired": ("idle", "close"),
    "new": ("info", "plus"),
    "same": ("idle", "again"),
    "differs": ("warn", "neq"),
    "done": ("ok", "check"),
    "no_place": ("warn", "question"),
    "locked": ("warn", "alert"),
    "staged": ("info", "question"),
    "begun": ("warn", "clock"),
    "applied": ("ok", "check"),
    "error": ("bad", "alert"),
    "warning": ("warn", "repair"),
}
"""Each state's colour and the shape of its icon: no state is told by colour alone."""
SORTS = {
    "room": _l("Room"),
    "cabinet": _l("Cabinet"),
    "shelf": _l("Shelf"),
    "unplaced": _l("Not placed"),
    "outside": _l("Outside"),
    "in_transit": _l("In transit"),
    "lost": _l("Lost"),
    "consumed": _l("Consumed"),
    "scrapped": _l("Scrapped"),
}
FORMS = {"item": _l("By item"), "batch": _l("By batch"), "chemical": _l("Chemical")}
SOURCES = {
    "purchase": _l("Bought"),
    "transfer": _l("Transferred here"),
    "own_make": _l("Made here"),
    "donation": _l("Donated"),
    "surplus": _l("Found in a count"),
}
CONDITIONS = {
    "good": _l("Good"),
    "worn": _l("Worn"),
    "damaged": _l("Damaged"),
    "unsafe": _l("Unsafe"),
}
DURABILITIES = {"durable": _l("Durable"), "low_value": _l("Low-value")}
MEDIA = {
    "qr": _l("QR code"),
    "barcode": _l("Barcode"),
    "epc": _l("RFID tag (EPC)"),
    "tid": _l("RFID tag (TID)"),
    "uid": _l("Card (UID)"),
    "number": _l("Old number"),
}
ROLES = {
    "administrator": _l("Administrator"),
    "bureau_officer": _l("Bureau officer"),
    "auditor": _l("Auditor"),
    "principal": _l("Principal"),
    "equipment_manager": _l("Equipment manager"),
    "technician": _l("Technician"),
    "teacher": _l("Teacher"),
}
DOCUMENT_TYPES = {
    "opening": _l("Opening balance"),
    "receipt": _l("Receipt"),
    "correction": _l("Correction"),
    "reversal": _l("Reversal"),
    "loan": _l("Loan"),
    "return": _l("Return"),
    "relocation": _l("Relocation"),
    "handover": _l("Handover"),
    "transfer": _l("Transfer"),
    "arrival": _l("Arrival"),
    "repair": _l("Repair"),
    "scrap": _l("Scrapping"),
    "loss": _l("Loss"),
}
DOCUMENT_STATES = {
    "draft": _l("Draft"),
    "submitted": _l("Handed in"),
    "returned": _l("Given back"),
    "approved": _l("Approved"),
    "executed": _l("Carried out"),
    "filed": _l("Filed"),
    "withdrawn": _l("Withdrawn"),
}
STATUSES = {
    "in_use": _l("In use"),
    "on_loan": _l("On loan"),
    "repair_wanted": _l("Needs repair"),
    "in_repair": _l("In repair"),
    "to_scrap": _l("To be scrapped"),
    "missing": _l("Lost, being looked for"),
    "in_transfer": _l("On its way to another school"),
    "scrapped": _l("Scrapped"),
    "written_off": _l("Written off"),
    "transferred": _l("Went to another school"),
    "there_already": _l("there already"),
}
WAITS = {
    "receiver": _l("The other school has to confirm it."),
    "repair": _l("The things are being repaired."),
}
IMPORT_STATES = {
    "staged": _l("To be confirmed"),
    "begun": _l("Not finished"),
    "applied": _l("Imported"),
    "undone": _l("Undone"),
}
ROW_STATUSES = {
    "new": _l("New"),
    "same": _l("Imported already"),
    "differs": _l("Differs"),
    "done": _l("Imported"),
    "no_place": _l("No such place"),
    "locked": _l("Place locked"),
    "undone": _l("Undone"),
}
SAID = {
    "laid_out": _l("Set up. Print the labels and stick them on."),
    "changed": _l("Saved."),
    "made": _l("Entered."),
    "entered": _l("Entered. Print its label and stick it on."),
    "joined": _l("It joined the batch that is in its place."),
    "moved": _l("Moved."),
    "moved_part": _l("Moved. What is there now is shown here."),
    "restored": _l("In use again."),
    "corrected": _l("The quantity is corrected."),
    "drafted": _l("Saved as a draft. Nothing has happened yet."),
    "submitted": _l("Handed in."),
    "executed": _l("Carried out."),
    "approved": _l("Approved."),
    "approved_so_far": _l("Approved. It waits for the next one now."),
    "returned": _l("Given back with your reason."),
    "withdrawn": _l("Withdrawn. Nothing has happened."),
    "filed": _l("In the file."),
    "reversal": _l("The counter-document is handed in."),
    "sent": _l("Under way. The other school has to confirm it."),
    "confirmed": _l("Confirmed. The things are in your books now."),
    "refused": _l("Refused. The things go back."),
    "repaired": _l("The repair is over."),
    "lent": _l("Lent. The slip can be printed."),
    "came_back": _l("It came back."),
    "fault": _l("Reported. It is not lent until it is mended."),
    "mended": _l("It is in order again."),
    "deputy": _l("The deputy is named."),
    "checked": _l("Noted, with your name and the time."),
    "locked": _l("Locked. Nothing goes in or out."),
    "unlocked": _l("Open again."),
    "attached": _l("Attached."),
    "removed": _l("Removed."),
    "bound": _l("Bound. Every scan finds it now."),
    "unbound": _l("Unbound."),
    "broken": _l("They are single things now. Print their labels and stick them on."),
    "merged": _l("Merged. All that the other kind had is here now."),
}
"""What was just done, as the address of the next page says."""
OBSTACLES = {
    "moved": _l("was moved"),
    "fewer": _l("there is less of it than came in"),
    "retired": _l("was retired"),
    "lent": _l("is lent"),
    "in_document": _l("is in a document that is not finished"),
    "not_in_use": _l("is not in use: broken, in repair or on its way"),
    "locked": _l("is in a locked cabinet"),
    "counted": _l("was counted, and the count is closed"),
    "being_counted": _l("is being counted"),
}
"""Why a thing keeps an import from being undone."""
WAYS_OUT = {
    "moved": _l("Move it back to where the import put it."),
    "fewer": _l("Bring the parts back, or correct the quantity."),
    "retired": _l("Restore it first."),
    "lent": _l("Take it back first."),
    "in_document": _l("Finish that document or withdraw it."),
    "not_in_use": _l("Finish its repair or its document first."),
    "locked": _l("Open it first."),
    "counted": _l("A closed count is final: correct its things one by one."),
    "being_counted": _l("Close the count; then correct its things one by one."),
}
REASONS = {
    "not_a_spreadsheet": _l("it is not a spreadsheet"),
    "damaged": _l("it is damaged"),
    "encrypted": _l("it is protected by a password; save it without one"),
    "empty": _l("it is empty"),
    "too_large": _l("it is larger than this server takes"),
    "zip_bomb": _l("it would unpack to an unreasonable size"),
    "too_many_rows": _l("it has too many rows; split it"),
    "too_many_columns": _l("it has too many columns"),
    "busy": _l("it is busy"),
    "no_zip": _l("it is no backup file, or was cut short."),
    "not_there": _l("it is not there."),
    "no_manifest": _l("it says nothing about itself that we know."),
    "newer_format": _l("a newer release made it."),
    "no_database": _l("there is no database in it."),
    "members_differ": _l("what is in it is not what it lists."),
    "odd_name": _l("it holds a file whose name we do not write:"),
    "absurd_size": _l("a file in it would unpack to an unreasonable size:"),
    "hash_differs": _l("a file in it was changed or damaged:"),
    "os": _l("the disk or folder refused:"),
    "no_room": _l("there is not enough room:"),
    "tool_failed": _l("PostgreSQL's tool failed:"),
    "differs": _l("it does not hold what the database holds:"),
    "chain_broken": _l("the journal's chain is broken; run “tallycard verify”:"),
    "not_absolute": _l("give the whole path, from the root."),
    "inside_data": _l("it is inside the data folder and would be lost with it."),
}
UNKNOWN_REASONS = {
    "empty": _l("There was nothing in it."),
    "not_text": _l("It is not text."),
    "too_long": _l("It is too long to be a code."),
    "wrong_check": _l("It looks like a code, but its check digits are wrong: scan it again."),
    "no_such_code": _l("It is a well-formed code that was not minted here."),
    "not_bound": _l("It belongs to nothing here."),
    "ambiguous": _l("It means several things: choose one."),
}
FAULTS = {
    "fullwidth": _l("full-width characters, repaired"),
    "whitespace": _l("spaces around it, removed"),
    "newline": _l("a line break inside, replaced"),
    "code_as_number": _l("the code had become a number, repaired"),
    "number_as_text": _l("a number stored as text, repaired"),
    "date_partial": _l("the day is not known; kept as year and month"),
    "date_serial": _l("a date without its format, repaired"),
    "date_format": _l("an unusual date, repaired"),
    "quantity_with_unit": _l("the quantity carried its unit, repaired"),
    "price_format": _l("the price was written with signs, repaired"),
    "price_not_number": _l("the price is not a number"),
    "price_negative": _l("the price is below zero"),
    "location_format": _l("the place was written in another way, repaired"),
    "location_missing": _l("no place is given; imported as not placed"),
    "merged_filled": _l("the place was taken from the merged cell above"),
    "unit_conflict": _l("the same code has another unit further up; kept"),
    "code_name_conflict": _l("the same code has another name further up; kept"),
    "voucher_conflict": _l("the voucher has another date further up; kept"),
    "amount_mismatch": _l("the amount is not price × quantity; computed anew"),
    "formula_error": _l("a formula with an error"),
    "formula_injection": _l("a text that a spreadsheet would run; kept as plain text"),
    "code_missing": _l("no catalogue code; imported without one"),
    "code_format": _l("this is no catalogue code"),
    "quantity_not_number": _l("the quantity is not a number"),
    "quantity_negative": _l("the quantity is below zero"),
    "date_invalid": _l("there is no such date"),
    "location_incomplete": _l("the place cannot be known from this"),
    "location_unknown": _l("the school has no such room or cabinet"),
    "name_missing": _l("the name is missing"),
    "duplicate_row": _l("the row repeats an earlier one"),
    "row_shifted": _l("the values stand one column too far"),
    "serial_count": _l("more or fewer serial numbers than things; given to none, kept in the note"),
    "serial_double": _l("another thing of the kind has this serial number; kept in the note"),
    "number_count": _l("more or fewer numbers than things; bound to none"),
    "number_unreadable": _l("the number cannot be read; left empty"),
    "tag_double": _l("the number means something else already; not bound"),
    "tag_format": _l("this is no EPC of a tag; not bound"),
    "choice_unknown": _l("none of the values that there are; left empty"),
    "warranty_unknown": _l("the end of the warranty cannot be known from this; left empty"),
    "too_long": _l("longer than the register keeps; cut"),
    "location_locked": _l("the place is locked; open it and import the file again"),
    "other_school": _l("the row is of another school than the first"),
    "header_missing": _l("the sheet has no header with name and quantity"),
    "sheet_hidden": _l("the sheet is hidden and was passed over"),
}
FIELDS = {
    "required": _l("Required"),
    "quantity": _l("Quantity"),
    "unit_price": _l("Unit price"),
    "purchase_date": _l("Purchased"),
    "location": _l("Place"),
    "keeper": _l("Keeper"),
    "note": _l("Note"),
    "old_number": _l("Old number"),
    "epc": _l("RFID tag (EPC)"),
    "name": _l("Name"),
    "password": _l("Password"),
    "again": _l("Password, once more"),
    "login": _l("Account"),
    "number": _l("School's number"),
    "stage": _l("Stage"),
    "url": _l("Public address"),
    "language": _l("Language"),
    "role": _l("Role"),
    "pin": _l("PIN"),
    "code": _l("Code"),
    "school": _l("School"),
    "symbol": _l("Symbol"),
    "skip": _l("Skip"),
    "stock": _l("Label stock"),
    "format": _l("Format"),
    "file": _l("File"),
    "short": _l("Short name"),
    "parent": _l("Place"),
    "ordinal": _l("Order"),
    "place": _l("Place"),
    "to": _l("To"),
    "first": _l("From number"),
    "last": _l("to"),
    "shelves": _l("Shelves each"),
    "reason": _l("Reason"),
    "unit_price_cents": _l("Unit price"),
    "purchased": _l("Purchased"),
    "voucher": _l("Voucher"),
    "finance_card_no": _l("Finance card"),
    "specification": _l("Specification"),
    "unit": _l("Unit"),
    "codes": _l("Code"),
    "subject_taught": _l("Subject"),
    "equipment_class": _l("Class"),
    "catalogue_code": _l("Catalogue code"),
    "managed_as": _l("Managed"),
    "person": _l("Person"),
    "due": _l("Comes back on"),
    "serial": _l("Serial number"),
    "serials": _l("Serial numbers"),
    "kind": _l("Kind"),
    "other_school": _l("To which school"),
    "approvals": _l("Approvals"),
    "deputy": _l("Deputy"),
    "type": _l("Type"),
    "lines": _l("Lines"),
    "title": _l("Title"),
    "serial_no": _l("Serial number"),
    "maker": _l("Maker"),
    "supplier": _l("Supplier"),
    "invoice": _l("Invoice"),
    "accepted": _l("Accepted"),
    "source": _l("Source"),
    "warranty_until": _l("Warranty until"),
    "condition": _l("Condition"),
    "present_place": _l("Stands now at"),
    "reference_price": _l("Reference price"),
    "reference_price_cents": _l("Reference price"),
    "life_years": _l("Life in years"),
    "durability": _l("Durability"),
    "tag": _l("Carrier"),
    "medium": _l("Sort of carrier"),
    "one": _l("Scan"),
    "label": _l("Label"),
    "into": _l("Kind"),
    "column": _l("Column"),
}
COLUMN_FIELDS = {
    "serial": _l("Line number"),
    "code": _l("Catalogue code"),
    "name": _l("Name"),
    "spec": _l("Specification"),
    "unit": _l("Unit"),
    "equipment_class": _l("Class"),
    "required": _l("Required"),
    "quantity": _l("Quantity"),
    "unit_price": _l("Unit price"),
    "amount": _l("Amount"),
    "purchase_date": _l("Purchased"),
    "location": _l("Place"),
    "keeper": _l("Keeper"),
    "voucher": _l("Voucher"),
    "finance_card": _l("Finance card"),
    "serial_no": _l("Serial number"),
    "maker": _l("Maker"),
    "supplier": _l("Supplier"),
    "invoice": _l("Invoice"),
    "accepted": _l("Accepted"),
    "source": _l("Source"),
    "warranty_until": _l("Warranty until"),
    "condition": _l("Condition"),
    "old_number": _l("Old number"),
    "epc": _l("RFID tag (EPC)"),
    "note": _l("Note"),
}
"""What a column of a spreadsheet can hold, in the order in which it is offered."""
COLUMN_SOURCES = {
    "word": _l("by its header"),
    "content": _l("by what stands in it"),
    "chosen": _l("as you said"),
}
PERMISSIONS = {
    "see": _l("see"),
    "scan": _l("scan"),
    "count": _l("count"),
    "print": _l("print"),
    "import": _l("import"),
    "arrange": _l("arrange"),
    "administer": _l("administer"),
    "approve": _l("approve"),
}

INSIDE_F_STRINGS = (
    _l("Cabinet card"), _l("Version"), _l("Checked"), _l("Stock count"), _l("not closed"),
    _l("Head"), _l("right"), _l("wrong"), _l("Cabinets"),
)  # fmt: skip
"""Words said inside f-strings elsewhere, where the extraction of words does not look."""


def say(table: dict[str, object], value: object) -> str:
    """Return the words for a stored value; the value itself where there are none."""
    return str(table.get(str(value), value))


_NTH = re.compile(r"_[0-9]+$")
"""What the name of a field ends with that stands in a form once for each line."""


def reason_words(name: str, value: object) -> str:
    """Return a refusal's data in words where it is one of our identifiers."""
    if name == "reason":
        return say(REASONS, value)
    if name == "permission":
        return say(PERMISSIONS, value)
    if name == "field":
        return say(FIELDS, _NTH.sub("", str(value)))
    table = {"status": STATUSES, "state": DOCUMENT_STATES, "role": ROLES, "type": DOCUMENT_TYPES}
    if name in table:
        return say(table[name], value)
    if name == "what" and value == "database":
        return str(gettext("The database"))
    return str(value)
