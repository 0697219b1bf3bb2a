"""Putting a bank in order after a run that did not end."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from knowledge.errors import BankDamaged
from knowledge.storage.lexical import OF_CHUNKS, OF_DOCUMENTS, Postings, PostingsWriter, indexed_count
from knowledge.storage.staging import remove_retired, remove_staged
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


def drop_unfinished(connection: sqlite3.Connection) -> None:
    """Deletes what was staged but never shown, and what was replaced but not yet removed."""
    remove_staged(connection)
    remove_retired(connection)


def postings_cover(connection: sqlite3.Connection, bank: Path, folder: str) -> bool:
    """Whether there are as many postings as there should be; a lost or damaged index does not pass this quick look."""
    try:
        wanted: int = connection.execute(f"SELECT count(*) FROM ({INDEXED[folder][0]})").fetchone()[0]
        return indexed_count(bank / folder) == wanted
    except BankDamaged:
        return False


def reconcile_postings(connection: sqlite3.Connection, bank: Path, folder: str, *, language: str) -> None:
    """Makes the postings in a folder of the bank cover what is live, each once, without embedding anything again."""
    ids, query, at_once = INDEXED[folder]
    live, path = {row[0] for row in connection.execute(ids)}, bank / folder
    try:
        postings = Postings(path, language)
        held, twice = postings.ids(), postings.size() != len(postings.ids())
    except BankDamaged:
        # The catalog has all that is needed.
        shutil.rmtree(path)
        held, twice = set(), False
    if held == live and not twice:
        return
    writer = PostingsWriter(path, language)
    writer.remove(held - live)
    missing = sorted(live if twice else live - held)
    for start in range(0, len(missing), at_once):
        rows = connection.execute(query, [json.dumps(missing[start : start + at_once])])
        writer.add([(row[0], indexed(row[1], row[2])) for row in rows])
    writer.commit()
    writer.close()
