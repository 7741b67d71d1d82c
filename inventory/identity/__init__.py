"""People, roles, permissions, sign-in and tokens."""
