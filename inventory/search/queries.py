"""This module is about asking for terms: the keys of the rows that a word finds, as a statement."""

from typing import Any

from sqlalchemy import select, tuple_

from inventory.search.models import SearchTerm
from inventory.search.rules import LAST, Word


def matching(sorts: tuple[str, ...], word: Word, schools: list[str]) -> Any:
    """Return the (school, sort, key) of the rows that a word finds, some perhaps twice."""
    whole = _beginning(sorts, word.text, schools)
    if not word.pairs and word.beginnings in {(word.text,), ()}:
        return whole  # the whole word is the beginning of a term, or of nothing
    asked = [_exact(sorts, one, schools) for one in word.pairs]
    asked += [_beginning(sorts, one, schools) for one in word.beginnings]
    first = asked[0].subquery()
    tokens = select(*first.c)
    for one in asked[1:]:
        tokens = tokens.where(tuple_(*first.c).in_(one))
    return tokens.union_all(whole)


def _of(sorts: tuple[str, ...], schools: list[str]) -> Any:
    query = select(SearchTerm.school_id, SearchTerm.sort, SearchTerm.key)
    return query.where(
        SearchTerm.school_id == schools[0]
        if len(schools) == 1
        else SearchTerm.school_id.in_(schools),
        SearchTerm.sort == sorts[0] if len(sorts) == 1 else SearchTerm.sort.in_(sorts),
    )


def _exact(sorts: tuple[str, ...], term: str, schools: list[str]) -> Any:
    return _of(sorts, schools).where(SearchTerm.term == term)


def _beginning(sorts: tuple[str, ...], term: str, schools: list[str]) -> Any:
    return _of(sorts, schools).where(SearchTerm.term >= term, SearchTerm.term < term + LAST)
