"""Putting a bank in order after a run that did not end."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from knowledge.errors import BankDamaged
from knowledge.storage.indexed_texts import indexed_texts, wanted_count, wanted_ids
from knowledge.storage.lexical import Postings, PostingsWriter, indexed_count
from knowledge.storage.staging import remove_retired, remove_staged


def drop_unfinished(connection: sqlite3.Connection) -> None:
    """Deletes what was staged but never shown, and what was replaced but not yet removed."""
    remove_staged(connection)
    remove_retired(connection)


def postings_cover(connection: sqlite3.Connection, bank: Path, folder: str) -> bool:
    """Whether there are as many postings as there should be; a lost or damaged index does not pass this quick look."""
    try:
        return indexed_count(bank / folder) == wanted_count(connection, folder)
    except BankDamaged:
        return False


def reconcile_postings(connection: sqlite3.Connection, bank: Path, folder: str, *, language: str) -> None:
    """Makes the postings in a folder of the bank cover what is live, each once, without embedding anything again."""
    live, path = wanted_ids(connection, folder), bank / folder
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
    for texts in indexed_texts(connection, folder, missing):
        writer.add(texts)
    writer.commit()
    writer.close()
