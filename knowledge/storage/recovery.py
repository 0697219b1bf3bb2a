"""Putting a bank in order after a run that did not end."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from knowledge.errors import BankDamaged
from knowledge.storage.lexical import Postings, PostingsWriter, indexed_count
from knowledge.storage.staging import remove_retired, remove_staged
from knowledge.types import Chunk


def drop_unfinished(connection: sqlite3.Connection) -> None:
    """Deletes what was staged but never shown, and what was replaced but not yet removed."""
    remove_staged(connection)
    remove_retired(connection)


def postings_cover(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether there are as many postings as chunks; a quick look, which a lost or damaged index does not pass."""
    try:
        chunks: int = connection.execute("SELECT count(*) FROM vector").fetchone()[0]
        return indexed_count(path) == chunks
    except BankDamaged:
        return False


def reconcile_postings(connection: sqlite3.Connection, path: Path, language: str) -> None:
    """Makes the postings cover the live chunks, each once, without embedding anything again."""
    live = {row[0] for row in connection.execute("SELECT chunk_id FROM vector")}
    try:
        postings = Postings(path, language)
        indexed, twice = postings.ids(), postings.size() != len(postings.ids())
    except BankDamaged:
        # The catalog has all that is needed.
        shutil.rmtree(path)
        indexed, twice = set(), False
    if indexed == live and not twice:
        return
    writer = PostingsWriter(path, language)
    writer.remove(indexed - live)
    for start in range(0, len(missing := sorted(live if twice else live - indexed)), 500):
        writer.add(indexed_texts(connection, missing[start : start + 500]))
    writer.commit()
    writer.close()


def indexed_texts(connection: sqlite3.Connection, chunk_ids: list[int]) -> list[tuple[int, str]]:
    """What the lexical index says of these chunks: (id, prefix and text)."""
    marks = ", ".join("?" * len(chunk_ids))
    rows = connection.execute(f"SELECT id, start, stop, text, prefix FROM chunk WHERE id IN ({marks})", chunk_ids)
    return [(row[0], Chunk(row[1], row[2], row[3], row[4]).indexed_text) for row in rows]
