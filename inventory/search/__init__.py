"""This module is about finding by words: one tokenizer, one table of terms, on both engines."""
