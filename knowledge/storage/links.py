"""Title links: which documents mention the titles of others.

A title counts when it has 5 characters or more and 7 words or fewer; it must stand in the text as whole
words, in the same case. Mentions are recorded per title, so that a document that comes later finds its links.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from knowledge.storage.schema import transaction

SHORTEST, MOST_WORDS = 5, 7


def can_link(title: str) -> bool:
    """Whether a title is distinct enough to be looked for in other documents."""
    return len(title) >= SHORTEST and len(title.split()) <= MOST_WORDS


def mentions(titles: Sequence[str], texts: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Pairs (document id, title): the title stands in the document's text as whole words."""
    # Loaded only when something was ingested: searching needs none of it.
    import ahocorasick_rs

    automaton = ahocorasick_rs.AhoCorasick(list(titles), matchkind=ahocorasick_rs.MatchKind.Standard)
    for document_id, text in texts:
        found = {
            titles[which]
            for which, start, end in automaton.find_matches_as_indexes(text, overlapping=True)
            if _whole_words(text, start, end)
        }
        for title in sorted(found):
            yield document_id, title


def _whole_words(text: str, start: int, end: int) -> bool:
    before = start > 0 and text[start - 1].isalnum() and text[start].isalnum()
    after = end < len(text) and text[end].isalnum() and text[end - 1].isalnum()
    return not before and not after


def link(connection: sqlite3.Connection) -> None:
    """Records the mentions that what was committed since the last call has brought, in one transaction.

    New documents are read for all titles, the others for titles that are new.
    """
    with transaction(connection):
        titles, known = _titles(connection, "1"), set(_titles(connection, "p.linked = 1"))
        fresh = connection.execute("SELECT id, text FROM document WHERE state = 'live' AND linked = 0")
        rows = [*mentions(titles, fresh)] if titles else []
        if new := [title for title in titles if title not in known]:
            old = connection.execute("SELECT id, text FROM document WHERE state = 'live' AND linked = 1")
            rows += mentions(new, old)
        connection.executemany("INSERT OR IGNORE INTO mention VALUES (?, ?)", rows)
        connection.execute("UPDATE document SET linked = 1 WHERE state = 'live' AND linked = 0")
        connection.execute("UPDATE place SET linked = 1 WHERE linked = 0")


def _titles(connection: sqlite3.Connection, condition: str) -> list[str]:
    """The titles of places, under a condition on place `p`, that can be looked for."""
    query = f"SELECT DISTINCT p.title FROM place p WHERE {condition} ORDER BY p.title"
    return [row[0] for row in connection.execute(query) if can_link(row[0])]
