"""This module is about the pages of counting."""

from flask import Blueprint

bp = Blueprint("counting", __name__)
