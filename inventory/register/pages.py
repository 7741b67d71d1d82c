"""This module is about the pages of register."""

from flask import Blueprint

bp = Blueprint("register", __name__)
