"""This module is about refusals: each is a class with a code, its data, a status and its words.

The class body is the one table that the edges read: the HTTP status, the exit code of the
command line and the English words, which the translations turn into Chinese. Nothing below
the edges writes prose; a refusal carries data only.
"""

from typing import ClassVar


def N_(words: str) -> str:
    """Mark words for translation where they are declared, not where they are shown."""
    return words


class Refusal(Exception):
    """Something was asked for that will not be done, for a reason a person can act on."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    exit_code: ClassVar[int] = 3
    words: ClassVar[str] = N_("This is not possible now.")

    def __init__(self, **data: object) -> None:
        self.data = data
        super().__init__(self.code, data)

    def __str__(self) -> str:
        """The English words, for logs; pages and commands translate them."""
        try:
            return self.words % self.data
        except (KeyError, ValueError):
            return self.words


# --- not found -----------------------------------------------------------------------------


class NotFound(Refusal):
    """Nothing of that name within the schools this person may see (design: out of scope is 404)."""

    code = "not_found"
    status = 404
    exit_code = 4
    words = N_("There is no such thing: %(key)s. Check the number, or look it up on the home page.")


class Ambiguous(Refusal):
    """What was named exists in several schools; a person says which, we do not guess."""

    code = "ambiguous"
    exit_code = 2
    words = N_("“%(key)s” is in several schools: %(schools)s. Say which (--school).")


# --- bad input -----------------------------------------------------------------------------


class Invalid(Refusal):
    """A field holds what it cannot hold."""

    code = "invalid"
    status = 422
    exit_code = 2
    words = N_("“%(field)s” cannot be “%(value)s”.")


class Missing(Invalid):
    code = "missing"
    words = N_("“%(field)s” is needed.")


class UnknownField(Invalid):
    code = "unknown_field"
    words = N_("There is no field “%(field)s”. Fields: %(allowed)s.")


class BadQuantity(Invalid):
    code = "bad_quantity"
    words = N_(
        "“%(value)s” is no quantity: enter a whole number, at most 999999; 0 only in a count."
    )


class BadSchoolNumber(Invalid):
    code = "bad_school_number"
    words = N_("“%(value)s” is not a school's number: it has ten digits.")


class BadAddress(Invalid):
    code = "bad_address"
    words = N_(
        "“%(value)s” is not the address of a server: write it like http://192.168.1.20:8000, "
        "with http:// or https:// and without a path."
    )


class BadLogin(Invalid):
    code = "bad_login"
    words = N_("“%(value)s” cannot be an account: no spaces, at most 60 characters.")


class BadCode(Invalid):
    code = "bad_code"
    words = N_("“%(value)s” is not a code: it has eleven digits, of which the last two check it.")


class ShortPassword(Invalid):
    code = "short_password"
    words = N_("The password is too short: it needs at least %(least)s characters.")


class PasswordsDiffer(Invalid):
    code = "passwords_differ"
    words = N_("The two passwords are not the same: type the new one twice.")


class SamePassword(Invalid):
    code = "same_password"
    words = N_("This is the password that you have. Choose another one.")


class WeakPin(Invalid):
    code = "weak_pin"
    words = N_("This PIN is too easy to guess: take 4 to 8 digits, no row, no pattern, no year.")


class SchoolNeeded(Invalid):
    code = "school_needed"
    words = N_("Somebody with this role belongs to a school: name it.")


class TooMany(Invalid):
    code = "too_many"
    words = N_("%(count)s at a time are too many: %(limit)s at most.")


class BadSpreadsheet(Invalid):
    code = "bad_spreadsheet"
    words = N_("“%(file)s” cannot be read: %(reason)s.")


class UnknownStock(Invalid):
    code = "unknown_stock"
    words = N_("There is no label stock “%(value)s”. There are: %(allowed)s.")


class UnprintableText(Invalid):
    code = "unprintable_text"
    words = N_("“%(text)s” cannot be printed: no font has the character “%(character)s”.")


class TooLarge(Invalid):
    code = "too_large"
    status = 413
    words = N_("This is too large: %(limit)s at most.")


class NothingToPrint(Invalid):
    code = "nothing_to_print"
    words = N_("There is nothing to print: choose things, a cabinet or blank labels.")


class NoSchoolNamed(Invalid):
    code = "no_school_named"
    words = N_("The file names no school: choose one with its ten-digit number.")


class OtherSchoolsFile(Invalid):
    code = "other_schools_file"
    words = N_("The file is that of school %(found)s, not of %(wanted)s.")


# --- not allowed ---------------------------------------------------------------------------


class NotSignedIn(Refusal):
    code = "not_signed_in"
    status = 401
    words = N_("Please sign in.")


class WrongPassword(Refusal):
    code = "wrong_password"
    status = 401
    words = N_("The name or the password is not right.")


class WrongPresentPassword(WrongPassword):
    code = "wrong_present_password"
    words = N_("The present password is not right.")


class WrongPin(Refusal):
    code = "wrong_pin"
    status = 401
    words = N_(
        "The PIN is not right. After %(most)s wrong ones in a row it is taken away and the "
        "password is needed."
    )


class WrongSetupCode(Refusal):
    code = "wrong_setup_code"
    status = 403
    words = N_(
        "This is not the setup code. “tallycard run” prints it at its start, on the computer "
        "that the server runs on."
    )


class HandoverGone(Refusal):
    code = "handover_gone"
    status = 410
    words = N_("This code was used already, or its two minutes are over. Show a new one.")


class PasswordToChange(Refusal):
    code = "password_to_change"
    status = 403
    words = N_("Your password is a one-time one: choose your own first.")


class FullSignInNeeded(Refusal):
    code = "full_sign_in_needed"
    status = 403
    words = N_("You came in by PIN. Sign in with your password to do this.")


class DemonstrationStaysHere(Refusal):
    code = "demonstration_stays_here"
    status = 403
    words = N_(
        "The accounts of the demonstration work on the server's own computer only: everybody "
        "knows their password. Set up real data with “tallycard setup”."
    )


class TooManyAttempts(Refusal):
    code = "too_many_attempts"
    status = 429
    words = N_("Too many attempts: wait a minute and try again.")


class BadToken(Refusal):
    code = "bad_token"
    status = 401
    words = N_("This token is not valid. Make a new one with “tallycard token”.")


class NotAllowed(Refusal):
    code = "not_allowed"
    status = 403
    words = N_("You may not do this: it needs the permission “%(permission)s”.")


class BadForm(Refusal):
    code = "bad_form"
    status = 400
    words = N_("The page was open for too long. Load it again; what you typed is still there.")


class NotThisMethod(Refusal):
    code = "not_this_method"
    status = 405
    words = N_("This address does not take that kind of request.")


# --- refused -------------------------------------------------------------------------------


class AlreadyRecorded(Refusal):
    code = "already_recorded"
    words = N_("This was recorded already.")


class CountClosed(Refusal):
    code = "count_closed"
    words = N_("The count “%(name)s” is closed: its figures are final.")


class NotEmpty(Refusal):
    code = "not_empty"
    words = N_("There are schools in this database already; the demonstration needs an empty one.")


class HoldsDemonstration(Refusal):
    code = "holds_demonstration"
    words = N_(
        "This database holds the demonstration, and real data never mix with it. Throw it away "
        "with “tallycard demo --discard”, or choose another data folder (TALLYCARD_DATA)."
    )


class NoDemonstration(Refusal):
    code = "no_demonstration"
    words = N_("There is no demonstration in this database. Nothing was thrown away.")


class DemonstrationOnNetwork(Refusal):
    code = "demonstration_on_network"
    words = N_(
        "The demonstration is not served to a network (%(host)s): everybody knows its password. "
        "Throw it away with “tallycard demo --discard” and set up real data with “tallycard "
        "setup”, or serve it on 127.0.0.1."
    )


class AlreadySetUp(Refusal):
    code = "already_set_up"
    words = N_(
        "Somebody can sign in here already, so there is nothing to set up. A lost password: "
        "“tallycard user password”."
    )


class NotYourself(Refusal):
    code = "not_yourself"
    words = N_("You cannot do this to your own account; another administrator can.")


class NothingToCount(Refusal):
    code = "nothing_to_count"
    words = N_("There is nothing to count in %(place)s: no thing is placed there.")


class NotABatch(Refusal):
    code = "not_a_batch"
    words = N_("%(number)s is a single thing: it is seen or not, it has no quantity to enter.")


class CountHasOpenBatches(Refusal):
    code = "count_has_open_batches"
    words = N_(
        "%(count)s batches were seen, but nobody said how many there are. "
        "Enter the quantities, or close the count and leave them open."
    )


class NothingToUndo(Refusal):
    code = "nothing_to_undo"
    words = N_("There is no sighting of yours to undo.")


class AlreadyApplied(Refusal):
    code = "already_applied"
    words = N_("This import was carried out already.")


class ImportCutOff(Refusal):
    code = "import_cut_off"
    words = N_("Reading this file was cut off, so not all of its rows are here. Upload it again.")


class NameTaken(Refusal):
    code = "name_taken"
    words = N_("“%(value)s” is taken already.")


class IsRetired(Refusal):
    code = "is_retired"
    words = N_("%(what)s was retired: it is not in use any more.")


class NotRetired(Refusal):
    code = "not_retired"
    words = N_("%(what)s is in use: there is nothing to restore.")


class PlaceNotEmpty(Refusal):
    code = "place_not_empty"
    words = N_("There are still %(count)s things in %(place)s. Move or retire them first.")


class KindThere(Refusal):
    code = "kind_there"
    words = N_("There is this kind already: %(name)s.")


class KindInUse(Refusal):
    code = "kind_in_use"
    words = N_("%(count)s things are of this kind: it stays as it is as long as they do.")


class BatchThere(Refusal):
    code = "batch_there"
    words = N_(
        "There is a batch of this kind in %(place)s already, %(code_shown)s: "
        "more of it joins that batch, without a label of its own."
    )


class CannotRestore(Refusal):
    code = "cannot_restore"
    words = N_("%(number)s joined another batch: take a part of that one instead.")


class NotAllHere(Refusal):
    code = "not_all_here"
    words = N_("Not all of %(number)s is at its place: bring it back there first.")


class CannotUndoImport(Refusal):
    code = "cannot_undo_import"
    words = N_(
        "This import was made by an earlier release, which did not record what each row made. "
        "It cannot be undone as a whole; retire its things one by one."
    )


class ImportInUse(Refusal):
    code = "import_in_use"
    words = N_(
        "%(count)s things of this import are in the way: they were moved, counted or retired "
        "since, or are lent or in a document. They are listed on the page of the import."
    )


class NothingToTakeBack(Refusal):
    code = "nothing_to_take_back"
    words = N_("This import was not carried out, or was undone already.")


class CodeTaken(Refusal):
    code = "code_taken"
    words = N_("%(code_shown)s is the code of something else already.")


class NotEnough(Refusal):
    code = "not_enough"
    words = N_("There are only %(has)s in %(place)s, not %(wanted)s.")


class AddressWillNotLast(Refusal):
    code = "address_will_not_last"
    words = N_(
        "Labels with a link need an address that will outlive them; %(address)s will not. "
        "Set TALLYCARD_URL, or print labels with digits."
    )


# --- unavailable ---------------------------------------------------------------------------


class Unavailable(Refusal):
    code = "unavailable"
    status = 503
    exit_code = 5
    words = N_("%(what)s is not available: %(reason)s.")


class Busy(Unavailable):
    code = "busy"
    words = N_("The database is busy. Nothing was changed; try again in a moment.")


class SecondServer(Unavailable):
    code = "second_server"
    exit_code = 3
    words = N_(
        "Another Tallycard server (process %(pid)s) is running on %(database)s. "
        "Stop it first, or use its address."
    )


class NotMigrated(Unavailable):
    code = "not_migrated"
    words = N_("The database is not up to date. Run “tallycard db upgrade”.")


class NewerDatabase(Unavailable):
    code = "newer_database"
    exit_code = 3
    words = N_(
        "The database has the form %(migration)s, written by Tallycard %(release)s; this release "
        "(%(own)s) does not know it. Nothing was changed. Install that release or a newer one, or "
        "restore the backup that was made before the upgrade."
    )


class DiskFull(Unavailable):
    code = "disk_full"
    words = N_(
        "The disk of the database is full. Nothing was changed; make room and try again. "
        "What was answered before is kept."
    )


class ReadOnly(Unavailable):
    code = "read_only"
    words = N_(
        "The database cannot be written to: its disk or file is read-only. Nothing was changed; "
        "reading still works. Run “tallycard doctor” on the server."
    )


class DiskFailed(Unavailable):
    code = "disk_failed"
    words = N_(
        "The disk of the database refused to write or read. Nothing was changed. "
        "Run “tallycard doctor” on the server."
    )


class Damaged(Unavailable):
    code = "damaged"
    words = N_(
        "The database file is damaged. Stop the server and restore the last backup; "
        "keep the damaged file."
    )


class DatabaseGone(Unavailable):
    code = "database_gone"
    words = N_("The database does not answer. Nothing was changed; try again in a moment.")


class UnsafeSetting(Unavailable):
    code = "unsafe_setting"
    exit_code = 2
    words = N_("The setting %(setting)s is not safe: %(reason)s.")


class ReadBackFailed(Unavailable):
    code = "read_back_failed"
    exit_code = 1
    words = N_("The labels were not handed over: reading them back failed for %(codes)s.")


# --- backups -------------------------------------------------------------------------------


class BadBackup(Refusal):
    """A file that is no backup of ours, or one that is not what it was."""

    code = "bad_backup"
    status = 422
    exit_code = 1
    words = N_("“%(file)s” cannot be used as a backup: %(reason)s %(member)s")


class BackupFailed(Unavailable):
    code = "backup_failed"
    words = N_("There is no backup: %(reason)s %(detail)s")


class BackupNotVerified(Refusal):
    code = "backup_not_verified"
    exit_code = 1
    words = N_("The backup was made but did not pass its examination: %(reason)s %(detail)s")


class NotOurBackup(Refusal):
    code = "not_our_backup"
    words = N_("“%(file)s” is there already and is no backup of Tallycard. Choose another name.")


class NewerBackup(Refusal):
    code = "newer_backup"
    words = N_(
        "The backup has the form %(migration)s of Tallycard %(release)s; this release (%(own)s) "
        "does not know it. Install that release or a newer one, then restore."
    )


class OtherEngine(Refusal):
    code = "other_engine"
    words = N_(
        "The backup is of %(engine)s, and this deployment uses %(own)s. "
        "Restore it where TALLYCARD_DATABASE names a database of that kind."
    )


class WouldOverwrite(Refusal):
    code = "would_overwrite"
    words = N_(
        "There is data in this database already. With --yes it is kept aside and the backup takes "
        "its place; or restore into another folder with --into."
    )


class InUse(Unavailable):
    code = "in_use"
    exit_code = 3
    words = N_("%(count)s others use this database. End the server and the commands first.")


class ToolMissing(Unavailable):
    code = "tool_missing"
    words = N_(
        "“%(tool)s” for PostgreSQL %(version)s or newer is needed, and %(found)s was found. "
        "Install postgresql-client-%(version)s on this computer."
    )


class NoSecondPlace(Unavailable):
    code = "no_second_place"
    exit_code = 2
    words = N_("No second place for backups is set. Run “tallycard backup --enable FOLDER”.")


class BadBackupFolder(Invalid):
    code = "bad_backup_folder"
    words = N_("Backups cannot go to “%(folder)s”: %(reason)s %(detail)s")


class UpgradeNeedsBackup(Unavailable):
    code = "upgrade_needs_backup"
    words = N_(
        "The database was not changed: it could not be backed up first (%(reason)s). Mend that, or "
        "upgrade with --without-backup."
    )


class UpgradeFailed(Unavailable):
    code = "upgrade_failed"
    words = N_(
        "The upgrade failed and the database is as it was: %(reason)s. The backup is %(file)s. To "
        "go back, install the release you had; to begin again from the backup, “tallycard restore”."
    )


# --- kinds and things in full, tags, attachments -------------------------------------------


class ChangedMeanwhile(Refusal):
    """Somebody else changed what a form is about, after it was opened; both are shown."""

    code = "changed_meanwhile"
    words = N_("“%(what)s” was changed meanwhile. See what changed, then save again or let it be.")


class WasMerged(Refusal):
    code = "was_merged"
    words = N_("“%(what)s” was merged into another kind; that cannot be undone.")


class UnitsDiffer(Refusal):
    code = "units_differ"
    words = N_("These are not one kind: one is counted in “%(unit)s”, the other in “%(other)s”.")


class ManagedDifferently(Refusal):
    code = "managed_differently"
    words = N_("These are not one kind: one is managed by item, the other is not.")


class SameKind(Invalid):
    code = "same_kind"
    words = N_("“%(what)s” cannot be merged into itself. Choose another kind.")


class SerialThere(Refusal):
    code = "serial_there"
    words = N_(
        "The serial number “%(serial)s” is that of %(number)s already (%(code_shown)s, %(place)s)."
    )


class FinanceCardThere(Refusal):
    code = "finance_card_there"
    words = N_(
        "The finance card “%(card)s” belongs to %(number)s already (%(code_shown)s, %(place)s)."
    )


class CardForOne(Invalid):
    code = "card_for_one"
    words = N_("A finance card belongs to one thing: enter these one by one.")


class SerialForOne(Invalid):
    code = "serial_for_one"
    words = N_("A serial number belongs to one thing: enter these one by one.")


class LabelNotNeeded(Refusal):
    """A blank label was scanned for a single thing, which has its own code already."""

    code = "label_not_needed"
    words = N_(
        "Single things have their codes already: leave the blank label, place them without one, "
        "then print and stick on their own labels."
    )


class TagTaken(Refusal):
    code = "tag_taken"
    words = N_(
        "“%(value)s” is bound already, to %(title)s (%(code_shown)s). Unbind it there first."
    )


class TagThere(Refusal):
    code = "tag_there"
    words = N_(
        "It has such a carrier already: “%(value)s”. Unbind that one, or say that both stay."
    )


class TagIsCode(Refusal):
    code = "tag_is_code"
    words = N_("“%(value)s” is a code of ours and needs no binding: its label is its carrier.")


class NotUnbound(Refusal):
    code = "not_bound"
    status = 404
    exit_code = 4
    words = N_("This carrier is not bound any more.")


class NothingToBind(Invalid):
    code = "nothing_to_bind"
    words = N_("Neither of the two is a thing, a place or a person here. Scan its label first.")


class WrongFile(Invalid):
    code = "wrong_file"
    words = N_(
        "This file cannot be attached: take a photograph (JPEG, PNG, WebP), a PDF, a document, "
        "a spreadsheet or a plain text."
    )


class DamagedPhoto(Invalid):
    code = "damaged_photo"
    words = N_("This photograph cannot be read. Take it again.")


class TooManyPixels(Invalid):
    code = "too_many_pixels"
    words = N_(
        "This picture has %(pixels)s million pixels; at most %(limit)s million are taken. "
        "Make it smaller, or save it as JPEG."
    )


class FileTooLarge(Invalid):
    code = "file_too_large"
    status = 413
    words = N_(
        "This file has %(size)s MB; at most %(limit)s MB are taken. Make it smaller, or split it."
    )


class TooManyFiles(Refusal):
    code = "too_many_files"
    words = N_("There are %(limit)s photographs and files here already. Remove one first.")


class InternalError(Refusal):
    """What an unexpected exception becomes at the edge; the trace is in the log only."""

    code = "internal_error"
    status = 500
    exit_code = 5
    words = N_("Something went wrong on our side. It was logged as %(reference)s.")


# --- lists and bulk actions ----------------------------------------------------------------


class BulkUndone(Refusal):
    """What was done to many things at once is undone once."""

    code = "bulk_undone"
    words = N_("This was undone already.")


def every_refusal() -> list[type[Refusal]]:
    """All classes of refusal, for the table of statuses and for the test of their words."""
    found: list[type[Refusal]] = []
    waiting: list[type[Refusal]] = [Refusal]
    while waiting:
        cls = waiting.pop()
        found.append(cls)
        waiting.extend(cls.__subclasses__())
    return sorted(found, key=lambda cls: cls.code)


# --- documents and custody -----------------------------------------------------------------


class NotInThisState(Refusal):
    """A document is not as far as, or further than, what is asked of it supposes."""

    code = "not_in_this_state"
    words = N_("Document %(number)s is %(state)s: this is not possible now.")


class AlreadyDecided(Refusal):
    """Two people decided at once; the first decision stands."""

    code = "already_decided"
    words = N_("Somebody has decided on document %(number)s before you. Look at it again.")


class NotYourStep(Refusal):
    """Whoever asks is not the one, nor the deputy of the one, whom a document waits for."""

    code = "not_your_step"
    status = 403
    words = N_("Document %(number)s waits for the %(role)s, not for you.")


class OwnDocument(Refusal):
    code = "own_document"
    status = 403
    words = N_("You made document %(number)s yourself: somebody else has to approve it.")


class InAnotherDocument(Refusal):
    """What is in one document that is still open can be in no other."""

    code = "in_another_document"
    words = N_("%(what)s is in document %(number)s, which is not finished. Finish or withdraw it.")


class VoucherUsed(Refusal):
    code = "voucher_used"
    words = N_("Voucher %(voucher)s was entered before: %(number)s. A voucher is entered once.")


class AlreadyReversed(Refusal):
    code = "already_reversed"
    words = N_("Document %(number)s was reversed by %(by)s. What is reversed stays reversed.")


class CannotReverse(Refusal):
    """A document of this type is taken back in another way, or what it did has gone on since."""

    code = "cannot_reverse"
    words = N_("Document %(number)s cannot be reversed: %(what)s is no longer as it left it.")


class NoReversalOf(Refusal):
    code = "no_reversal_of"
    words = N_("A document of the type “%(type)s” is not reversed. Correct what it entered.")


class EditedMeanwhile(Refusal):
    """Somebody else saved first; what was typed is kept and shown beside it."""

    code = "edited_meanwhile"
    words = N_("Somebody else changed %(what)s while you were writing. Look, then save again.")


class WrongStatus(Refusal):
    code = "wrong_status"
    words = N_("%(what)s is “%(status)s”: this is not possible with it now.")


class AlreadyOnLoan(Refusal):
    code = "already_on_loan"
    words = N_("%(what)s is lent to %(borrower)s since %(since)s. It has to come back first.")


class NotOnLoan(Refusal):
    code = "not_on_loan"
    words = N_("%(what)s is not on loan.")


class MoreThanLent(Refusal):
    code = "more_than_lent"
    words = N_("Only %(has)s of %(what)s are lent: %(wanted)s cannot come back.")


class Lent(Refusal):
    """Part of a batch is lent, so that not so much of it is at hand."""

    code = "lent"
    words = N_("Only %(has)s of %(what)s are at hand: %(lent)s are lent or in open documents.")


class TwiceInIt(Refusal):
    code = "twice_in_it"
    status = 422
    exit_code = 2
    words = N_("%(what)s is in the list twice.")


class NothingInIt(Refusal):
    code = "nothing_in_it"
    status = 422
    exit_code = 2
    words = N_("There is nothing in it yet: scan or type what it is about.")


class WithoutUnit(Refusal):
    code = "without_unit"
    words = N_("%(what)s has no unit, so a quantity of it means nothing. Give the kind a unit.")


class KindUnclear(Refusal):
    """Words that find several kinds; a person says which, we do not guess."""

    code = "kind_unclear"
    exit_code = 2
    words = N_("“%(text)s” can be several kinds: %(kinds)s. Choose one of the list.")


class SameSchool(Refusal):
    code = "same_school"
    status = 422
    exit_code = 2
    words = N_("A transfer goes to another school. Inside a school things are relocated.")


class NeedsPaper(Refusal):
    """An approval on paper is entered with a photograph of the signed paper."""

    code = "needs_paper"
    status = 422
    exit_code = 2
    words = N_("Attach a photograph of the signed paper.")


class NotAnApprover(Refusal):
    code = "not_an_approver"
    words = N_("%(name)s is no %(role)s of this school and cannot sign here.")


class IsAnArrival(Refusal):
    """What another school sent is confirmed or refused as a whole."""

    code = "is_an_arrival"
    words = N_("%(number)s came from another school. Confirm that it arrived, or refuse it.")


class Locked(Refusal):
    """A cabinet is locked: nothing goes in or out."""

    code = "locked"
    words = N_("%(place)s is locked: %(reason)s. Open it first.")


class NotLocked(Refusal):
    code = "not_locked"
    words = N_("%(place)s is not locked itself.")


# --- importing -----------------------------------------------------------------------------


class FileNotKept(Refusal):
    """A staged file cannot be read again: an earlier release did not keep it."""

    code = "file_not_kept"
    status = 409
    exit_code = 3
    words = N_("This file was not kept. Choose it again to read it in another way.")


# --- loans and transfers -------------------------------------------------------------------


class SeveralBorrowers(Refusal):
    """A part of a batch comes back, and several have borrowed of it: we do not guess."""

    code = "several_borrowers"
    status = 409
    words = N_("Several have borrowed %(what)s: %(borrowers)s. Say whose it is.")


class NotLentTo(Refusal):
    code = "not_lent_to"
    status = 409
    words = N_("%(person)s has not borrowed %(what)s.")


# --- cards, photographs and files ------------------------------------------------------------


class CardChanged(Refusal):
    """What somebody checked is not what is there by the book any more."""

    code = "card_changed"
    words = N_(
        "Something went into %(place)s or out of it while you looked. "
        "Look at its contents again, then check it."
    )
