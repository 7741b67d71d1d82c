"""Whose hands things are in: loans, transfers, repair, scrapping, loss."""
