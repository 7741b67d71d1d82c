"""The application for WSGI servers other than our own: `wsgi:app`."""

from inventory.app import create_app
from inventory.commands.database import refuse_unknown_form

app = create_app()
with app.app_context():
    # Granian's own start looks as well; another server must not work on a form that it misreads.
    refuse_unknown_form(must_be_newest=True)
