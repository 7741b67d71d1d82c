"""This package is about keeping it: verified backups, bringing them back, and when to make them.

It knows the database and the journal, but no capability, so that what is added later is backed
up without a line here.
"""
