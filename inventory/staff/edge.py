"""This module is about the setup code: whoever holds it may claim an empty server.

`tallycard run` prints it at its start when nobody can sign in, and keeps it beside the database in
a file that its owner alone reads; it is gone once somebody can sign in.
"""

import hmac
import os
import secrets

from inventory.config import Config

FILE = "setup.code"
SIGNS = "23456789abcdefghjkmnpqrstuvwxyz"
LENGTH = 12


def new_setup_code(config: Config) -> str:
    """Make a fresh setup code, keep it and return it as it is read aloud."""
    code = "".join(secrets.choice(SIGNS) for _ in range(LENGTH))
    path = config.data / FILE
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(code)
    return "-".join(code[n : n + 4] for n in range(0, LENGTH, 4))


def is_setup_code(config: Config, given: str) -> bool:
    """Whether somebody typed the setup code; dashes, spaces and capitals do not matter."""
    path = config.data / FILE
    if not path.is_file():
        return False
    kept = path.read_text(encoding="ascii").strip()
    clean = "".join(sign for sign in given.lower() if sign.isalnum())
    return hmac.compare_digest(kept.encode(), clean.encode())


def forget_setup_code(config: Config) -> None:
    """Use the setup code up."""
    (config.data / FILE).unlink(missing_ok=True)
