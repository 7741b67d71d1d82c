"""This module is about the steps that the database's form went through, by their file names."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def known() -> list[str]:
    """Return the migrations that this release knows, in order, without loading any of them."""
    return sorted(path.name.split("_")[0] for path in (FOLDER / "versions").glob("[0-9]*.py"))


def newest() -> str:
    """Return the migration at which a database of this release stands."""
    return known()[-1]
