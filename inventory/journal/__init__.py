"""The journal: the immutable record from which all state is derived."""
