"""Stock counts: what should be there, what was seen, and how the two differ."""
