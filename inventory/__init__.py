"""Tallycard: the equipment inventory for the schools of a district."""

__version__ = "0.1.0"
