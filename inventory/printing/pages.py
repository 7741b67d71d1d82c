"""This module is about the pages of printing."""

from flask import Blueprint

bp = Blueprint("printing", __name__)
