"""The application for WSGI servers other than our own: `wsgi:app`."""

from inventory.app import create_app

app = create_app()
