"""Codes, things, what hangs in each cabinet's door."""
