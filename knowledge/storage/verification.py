"""Checking a bank: every citation span, every vector and every posting against the catalog."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from knowledge.card import BankCard
from knowledge.storage.catalog import VECTOR_TYPE, Catalog, state
from knowledge.storage.chroma import LIVE_CHUNKS, ChromaMirror
from knowledge.storage.lexical import OF_CHUNKS, OF_DOCUMENTS, Postings

SHOWN = 5
LIVE_DOCUMENTS = "SELECT id FROM document WHERE state = 'live'"


@dataclass(frozen=True, slots=True)
class Verification:
    """What was compared and what disagrees; `notes` name what could not be compared and why that is no fault."""

    bank: str
    documents: int
    spans: int
    vectors: int
    postings: int
    faults: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether everything agrees."""
        return not self.faults


def verify(path: Path, catalog: Catalog) -> Verification:
    """Compares all parts of the bank at `path`; reads everything, changes nothing."""
    with catalog.reading() as connection:
        card = catalog.card()
        documents, chunks = catalog.counts()
        faults = [*_file_faults(connection), *_span_faults(connection), *_vector_faults(connection, card)]
        postings = Postings(path / OF_CHUNKS, card.language)
        interrupted = bool(state(connection, "dirty"))
        faults += _posting_faults(connection, postings, LIVE_CHUNKS, "chunks", interrupted=interrupted)
        chroma_faults, notes = _chroma(connection, path / "chroma", card)
        if (path / OF_DOCUMENTS).is_dir():
            wholes = Postings(path / OF_DOCUMENTS, card.language)
            faults += _posting_faults(connection, wholes, LIVE_DOCUMENTS, "documents", interrupted=interrupted)
        elif documents:
            notes.append(
                "Documents have no postings as a whole, as in banks of earlier versions; the next ingest adds them."
            )
    if interrupted:
        notes.append("The last ingest did not end, or is running; the next one completes it.")
    return Verification(
        card.name, documents, chunks, chunks, len(postings.ids()), tuple(faults + chroma_faults), tuple(notes)
    )


def _file_faults(connection: sqlite3.Connection) -> Iterator[str]:
    for row in connection.execute("PRAGMA integrity_check(5)"):
        if row[0] != "ok":
            yield f"catalog: {row[0]}"
    for row in connection.execute("PRAGMA foreign_key_check"):
        yield f"catalog: row {row[1]} of {row[0]} refers to a missing row of {row[2]}"


def _span_faults(connection: sqlite3.Connection) -> Iterator[str]:
    # Documents by number, not by title: whoever checks a bank need not be allowed to read all of it.
    for identifier, pages, text in connection.execute("SELECT id, pages, text FROM document WHERE state = 'live'"):
        places = connection.execute("SELECT count(*) FROM place WHERE document_id = ?", (identifier,)).fetchone()[0]
        if not places:
            yield f"document {identifier} stands in no place"
        chunks = connection.execute("SELECT start, stop, text FROM chunk WHERE document_id = ?", (identifier,))
        for start, end, words in chunks:
            if text[start:end] != words:
                yield f"document {identifier}: characters {start} to {end} are not what the chunk quotes"
        if any(start > end or end > len(text) for _, start, end in json.loads(pages)):
            yield f"document {identifier}: a page lies outside the text"


def _vector_faults(connection: sqlite3.Connection, card: BankCard) -> Iterator[str]:
    missing = "SELECT count(*) FROM chunk c LEFT JOIN vector v ON v.chunk_id = c.id WHERE v.chunk_id IS NULL"
    if count := connection.execute(missing).fetchone()[0]:
        yield f"{count} chunks have no vector"
    size = card.embedder.dimension * np.dtype(VECTOR_TYPE).itemsize
    for chunk, data in connection.execute("SELECT chunk_id, data FROM vector"):
        if len(data) != size:
            yield f"chunk {chunk}: its vector has {len(data)} bytes, not {size}"
            continue
        length = float(np.linalg.norm(np.frombuffer(data, VECTOR_TYPE).astype(np.float32)))
        if not abs(length - 1.0) < 0.01:
            yield f"chunk {chunk}: its vector has length {length:.3f}, not 1"


def _posting_faults(
    connection: sqlite3.Connection, postings: Postings, query: str, kind: str, *, interrupted: bool
) -> Iterator[str]:
    live = {row[0] for row in connection.execute(query)}
    indexed = postings.ids()
    if missing := live - indexed:
        yield f"{len(missing)} {kind} have no postings, such as {_some(missing)}"
    # After an interruption there may be postings of what no reader sees; they are no fault.
    if not interrupted:
        if extra := indexed - live:
            yield f"{len(extra)} {kind} have postings but are gone, such as {_some(extra)}"
        if postings.size() != len(indexed):
            yield f"{postings.size() - len(indexed)} {kind} have postings twice"


def _chroma(connection: sqlite3.Connection, path: Path, card: BankCard) -> tuple[list[str], list[str]]:
    mirror = ChromaMirror(path, card.embedder.dimension)
    found = mirror.contents()
    if found is None:
        return [], ["Chroma's mirror is absent, in use or was not closed in good order; the next ingest rebuilds it."]
    ids, vectors = found
    rows = dict(connection.execute("SELECT chunk_id, data FROM vector").fetchall())
    faults = []
    live = {row[0] for row in connection.execute(LIVE_CHUNKS)}
    # What is staged or retired may be there or not.
    if different := (live - set(ids)) | (set(ids) - rows.keys()):
        faults.append(f"Chroma and the catalog differ in {len(different)} chunks, such as {_some(different)}")
    for chunk, vector in zip(ids, vectors, strict=True):
        if chunk in rows and not np.allclose(vector, np.frombuffer(rows[chunk], VECTOR_TYPE), atol=2e-3):
            faults.append(f"chunk {chunk}: Chroma has another vector")
    return faults, []


def _some(ids: set[int]) -> str:
    return ", ".join(map(str, sorted(ids)[:SHOWN]))
