"""The steps by which documents enter and leave the catalog."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from knowledge.storage.catalog import VECTOR_TYPE
from knowledge.storage.schema import transaction
from knowledge.types import NewDocument, NewPlace, indexed

DOCUMENT = (
    "INSERT INTO document (state, content_key, title, own_title, media_type, pages, metadata, notes, text)"
    " VALUES ('staged', ?, ?, ?, ?, ?, ?, ?, ?)"
)
CHUNK = (
    "INSERT INTO chunk (document_id, ordinal, start, stop, page_first, page_last, tokens, headings, prefix, text)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
PLACE = (
    "INSERT INTO place (source_id, uri, document_id, allow, size, mtime_ns, title) VALUES (?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (source_id, uri) DO UPDATE SET document_id = excluded.document_id, allow = excluded.allow,"
    " size = excluded.size, mtime_ns = excluded.mtime_ns, title = excluded.title,"
    " linked = CASE WHEN title = excluded.title THEN linked ELSE 0 END"
)


@dataclass(frozen=True, slots=True)
class Staged:
    """What the lexical indexes are to hold of new documents: pairs of id and text, of their chunks and as a whole."""

    chunks: list[tuple[int, str]] = field(default_factory=list)
    documents: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Removed:
    """The ids of documents that were deleted, and of their chunks."""

    chunks: list[int]
    documents: list[int]


def stage(connection: sqlite3.Connection, documents: Sequence[NewDocument]) -> Staged:
    """Writes documents that no reader sees yet, in one transaction."""
    staged = Staged()
    with transaction(connection):
        for document in documents:
            _stage_one(connection, document, staged)
    return staged


def _stage_one(connection: sqlite3.Connection, document: NewDocument, staged: Staged) -> None:
    pages = json.dumps([[page.number, page.start, page.end] for page in document.pages])
    own = document.title if document.own_title is None else document.own_title
    values = (document.content_key, document.title, own, document.media_type, pages)
    extra = (json.dumps(dict(document.metadata), allow_nan=False), json.dumps(document.notes), document.text)
    document_id = connection.execute(DOCUMENT, (*values, *extra)).lastrowid or 0
    staged.documents.append((document_id, indexed(document.title, document.text)))
    vectors = document.vectors.astype(VECTOR_TYPE)
    for ordinal, chunk in enumerate(document.chunks):
        row = (document_id, ordinal, chunk.start, chunk.end, chunk.page_first, chunk.page_last, chunk.tokens)
        cursor = connection.execute(CHUNK, (*row, json.dumps(chunk.headings), chunk.prefix, chunk.text))
        chunk_id = cursor.lastrowid or 0
        connection.execute("INSERT INTO vector VALUES (?, ?, ?)", (chunk_id, document_id, vectors[ordinal].tobytes()))
        staged.chunks.append((chunk_id, chunk.indexed_text))


def make_live(connection: sqlite3.Connection, documents: Sequence[NewDocument]) -> None:
    """Makes staged documents live and records their places; belongs into one transaction."""
    for document in documents:
        query = "SELECT id FROM document WHERE content_key = ? AND state = 'staged'"
        document_id = connection.execute(query, (document.content_key,)).fetchone()[0]
        connection.execute("UPDATE document SET state = 'live' WHERE id = ?", (document_id,))
        for place in document.places:
            upsert_place(connection, place, document_id, title=document.title)


def upsert_place(connection: sqlite3.Connection, place: NewPlace, document_id: int, *, title: str) -> None:
    """Records that a document stands at a place, in place of what stood there; `title` where the place has none."""
    allow = json.dumps(sorted(place.allow))
    values = (place.source_id, place.uri, document_id, allow, place.size, place.mtime_ns, place.title or title)
    connection.execute(PLACE, values)


def retire_homeless(connection: sqlite3.Connection) -> None:
    """Takes live documents without a place out of sight; belongs into the transaction that moved them."""
    connection.execute(
        "UPDATE document SET state = 'retired' WHERE state = 'live'"
        " AND NOT EXISTS (SELECT 1 FROM place WHERE document_id = document.id)"
    )
    connection.execute("UPDATE state SET value = value + 1 WHERE key = 'generation'")


def remove_retired(connection: sqlite3.Connection) -> Removed:
    """Deletes retired documents and everything of theirs."""
    return _delete(connection, "retired")


def remove_staged(connection: sqlite3.Connection) -> Removed:
    """Deletes staged documents and everything of theirs."""
    return _delete(connection, "staged")


def _delete(connection: sqlite3.Connection, state: str) -> Removed:
    which = "(SELECT id FROM document WHERE state = ?)"
    with transaction(connection):
        chunks = connection.execute(f"SELECT chunk_id FROM vector WHERE document_id IN {which}", (state,)).fetchall()
        documents = connection.execute("SELECT id FROM document WHERE state = ?", (state,)).fetchall()
        for table in ("vector", "chunk", "mention"):
            connection.execute(f"DELETE FROM {table} WHERE document_id IN {which}", (state,))
        connection.execute("DELETE FROM document WHERE state = ?", (state,))
    return Removed([row[0] for row in chunks], [row[0] for row in documents])
