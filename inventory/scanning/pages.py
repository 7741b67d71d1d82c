"""This module is about the pages of scanning."""

from flask import Blueprint

bp = Blueprint("scanning", __name__)
