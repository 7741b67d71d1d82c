"""This module is about the pages of identity."""

from flask import Blueprint

bp = Blueprint("identity", __name__)
