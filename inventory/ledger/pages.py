"""This module is about the pages of ledger."""

from flask import Blueprint

bp = Blueprint("ledger", __name__)
