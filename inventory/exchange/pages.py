"""This module is about the pages of exchange."""

from flask import Blueprint

bp = Blueprint("exchange", __name__)
from inventory.exchange import service  # noqa: E402,F401
