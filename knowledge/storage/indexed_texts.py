"""What the two indexes of a bank's postings say, read from the catalog."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence

from knowledge.storage.lexical import OF_CHUNKS, OF_DOCUMENTS, PostingsWriter
from knowledge.types import indexed

# For each index: whose ids it holds, what it says of those in a JSON list, and how many are read at once.
INDEXED: Mapping[str, tuple[str, str, int]] = {
    OF_CHUNKS: (
        "SELECT chunk_id FROM vector",
        "SELECT id, prefix, text FROM chunk WHERE id IN (SELECT value FROM json_each(?))",
        500,
    ),
    OF_DOCUMENTS: (
        "SELECT id FROM document",
        "SELECT id, title, text FROM document WHERE id IN (SELECT value FROM json_each(?))",
        20,
    ),
}
# Every search goes through each segment. More of them than this are made one, of banks with up to so many chunks,
# where that takes a second or two; larger ones are left to Tantivy's own merging.
SEGMENTS = 3
COMPACTED = 20_000


def wanted_ids(connection: sqlite3.Connection, folder: str) -> set[int]:
    """The ids of everything that the index in `folder` should hold."""
    return {row[0] for row in connection.execute(INDEXED[folder][0])}


def wanted_count(connection: sqlite3.Connection, folder: str) -> int:
    """How many that are."""
    count: int = connection.execute(f"SELECT count(*) FROM ({INDEXED[folder][0]})").fetchone()[0]
    return count


def indexed_texts(connection: sqlite3.Connection, folder: str, ids: Sequence[int]) -> Iterator[list[tuple[int, str]]]:
    """The id and the text to index of each of `ids`, some at a time."""
    _, query, at_once = INDEXED[folder]
    for start in range(0, len(ids), at_once):
        rows = connection.execute(query, [json.dumps(ids[start : start + at_once])])
        yield [(row[0], indexed(row[1], row[2])) for row in rows]


def compact(connection: sqlite3.Connection, folder: str, writer: PostingsWriter) -> None:
    """Writes the index in `folder` anew where it lies in many segments and is small enough; keeps nothing itself.

    Readers see the old segments until the writer commits, and so does whoever comes after a writer that was killed.
    """
    if writer.segments() <= SEGMENTS or wanted_count(connection, OF_CHUNKS) > COMPACTED:
        return
    writer.clear()
    for texts in indexed_texts(connection, folder, sorted(wanted_ids(connection, folder))):
        writer.fill(texts)
