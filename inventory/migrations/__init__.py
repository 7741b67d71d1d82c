"""The steps by which the database comes to the form that this release needs."""
