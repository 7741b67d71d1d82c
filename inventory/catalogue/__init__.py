"""Kinds of things, and later the equipment standards they answer to."""
