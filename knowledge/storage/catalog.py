"""Reading a bank's catalog: the one place from which anything that is shown is taken."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from knowledge.card import BankCard, card_from_json
from knowledge.errors import UsageError
from knowledge.storage.schema import connect, failures, transaction
from knowledge.types import Document, MetadataValue, PageSpan, Reader

if TYPE_CHECKING:
    from knowledge.types import Matrix

Ids = NDArray[np.int64]
VECTOR_TYPE = np.float16
# One step in the index for each kind of access: SELECT DISTINCT would read all places at every query.
KINDS_OF_ACCESS = """
WITH RECURSIVE kind (allow) AS (
    SELECT min(allow) FROM place
    UNION ALL SELECT (SELECT min(p.allow) FROM place p WHERE p.allow > kind.allow) FROM kind WHERE allow IS NOT NULL
) SELECT allow FROM kind WHERE allow IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """A live document without its text; `allow` holds the roles of the place that is shown."""

    id: int
    title: str
    uri: str
    media_type: str
    chunks: int
    allow: frozenset[str]


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """A chunk of a live document, as a passage needs it."""

    id: int
    document_id: int
    title: str
    text: str
    start: int
    end: int
    headings: tuple[str, ...]
    page_first: int | None
    page_last: int | None
    pages: tuple[PageSpan, ...]
    metadata: Mapping[str, MetadataValue]


class Catalog:
    """One connection to a bank's catalog. Thread-safe: calls take turns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = RLock()
        self._connection = connect(path)

    def close(self) -> None:
        """Closes the connection; the catalog must not be used afterwards."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One snapshot of the catalog: everything read in the block belongs to the same moment."""
        with self._lock, failures(self.path):
            if self._connection.in_transaction:
                yield self._connection
                return
            with transaction(self._connection, write=False):
                yield self._connection

    def card(self) -> BankCard:
        """The bank card."""
        with self.reading() as connection:
            return card_from_json(json.loads(connection.execute("SELECT json FROM card").fetchone()[0]))

    def generation(self) -> int:
        """A number that grows whenever what is live changes."""
        with self.reading() as connection:
            return state(connection, "generation")

    def counts(self) -> tuple[int, int]:
        """How many documents are live, and how many chunks they have."""
        with self.reading() as connection:
            row = connection.execute(
                "SELECT count(*), coalesce(sum((SELECT count(*) FROM vector v WHERE v.document_id = d.id)), 0) "
                "FROM document d WHERE state = 'live'"
            ).fetchone()
            return row[0], row[1]

    def vectors(
        self, dimension: int, *, chunks: Sequence[int] | None = None, documents: Sequence[int] | None = None
    ) -> tuple[Ids, Ids, Matrix]:
        """Of all live chunks, or those named, by id: chunk ids, document ids, float32 of shape (n, dimension)."""
        column, wanted = ("chunk_id", chunks) if chunks is not None else ("document_id", documents)
        only = "" if wanted is None else f" AND {column} IN (SELECT value FROM json_each(?))"
        with self.reading() as connection:
            query = (
                "SELECT chunk_id, document_id, data FROM vector"
                f" WHERE document_id IN (SELECT id FROM document WHERE state = 'live'){only} ORDER BY chunk_id"
            )
            rows = connection.execute(query, [] if wanted is None else [json.dumps(list(wanted))]).fetchall()
        matrix = np.frombuffer(b"".join(row[2] for row in rows), dtype=VECTOR_TYPE).reshape(len(rows), dimension)
        ids = np.fromiter((row[0] for row in rows), np.int64, len(rows))
        owners = np.fromiter((row[1] for row in rows), np.int64, len(rows))
        return ids, owners, matrix.astype(np.float32)

    def visible(self, reader: Reader, filters: Mapping[str, MetadataValue]) -> set[int] | None:
        """The live documents that `reader` may see and that match `filters`; None when that is all of them."""
        with self.reading() as connection:
            kinds = [row[0] for row in connection.execute(KINDS_OF_ACCESS)]
            open_kinds = [kind for kind in kinds if reader.may_read(frozenset(json.loads(kind)))]
            if len(open_kinds) == len(kinds) and not filters:
                return None
            query = (
                "SELECT DISTINCT p.document_id FROM place p JOIN document d ON d.id = p.document_id "
                f"WHERE d.state = 'live' AND p.allow IN ({_marks(open_kinds)})"
            )
            values: list[MetadataValue] = list(open_kinds)
            for name, wanted in filters.items():
                query += f" AND {_filter_column(name)} = ?"
                values.append(_as_text(wanted))
            return {row[0] for row in connection.execute(query, values)}

    def chunks(self, ids: Sequence[int]) -> dict[int, ChunkRow]:
        """The chunks of live documents among `ids`, by id; others are left out."""
        with self.reading() as connection:
            rows = connection.execute(
                "SELECT c.id, c.document_id, d.title, c.text, c.start, c.stop, c.headings, c.page_first, c.page_last,"
                " d.pages, d.metadata FROM chunk c JOIN document d ON d.id = c.document_id"
                f" WHERE d.state = 'live' AND c.id IN ({_marks(ids)})",
                list(ids),
            ).fetchall()
        return {row[0]: _chunk_row(row) for row in rows}

    def uris(self, document_ids: Iterable[int], reader: Reader) -> dict[int, str]:
        """For each document the first of its places that `reader` may see; a hidden document is left out."""
        wanted = list(document_ids)
        with self.reading() as connection:
            rows = connection.execute(
                f"SELECT document_id, uri, allow FROM place WHERE document_id IN ({_marks(wanted)})"
                " ORDER BY source_id DESC, uri DESC",
                wanted,
            ).fetchall()
        return {row[0]: row[1] for row in rows if reader.may_read(frozenset(json.loads(row[2])))}

    def documents(self, reader: Reader) -> list[DocumentSummary]:
        """The live documents that `reader` may see, by the place that is shown."""
        with self.reading() as connection:
            rows = connection.execute(
                "SELECT d.id, d.title, p.uri, d.media_type,"
                " (SELECT count(*) FROM vector v WHERE v.document_id = d.id), p.allow"
                " FROM document d JOIN place p ON p.document_id = d.id WHERE d.state = 'live'"
                " ORDER BY p.source_id DESC, p.uri DESC"
            ).fetchall()
        seen = {
            row[0]: DocumentSummary(row[0], row[1], row[2], row[3], row[4], frozenset(json.loads(row[5])))
            for row in rows
            if reader.may_read(frozenset(json.loads(row[5])))
        }
        return sorted(seen.values(), key=lambda document: document.uri)

    def document(self, document_id: int, reader: Reader, bank: str) -> Document | None:
        """A live document with its text, or None where `reader` may not see it or it does not exist."""
        with self.reading() as connection:
            row = connection.execute(
                "SELECT id, title, media_type, pages, metadata, text FROM document WHERE id = ? AND state = 'live'",
                (document_id,),
            ).fetchone()
            uri = self.uris([document_id], reader).get(document_id)
        if row is None or uri is None:
            return None
        return Document(row[0], bank, row[1], row[5], uri, row[2], pages_from_json(row[3]), json.loads(row[4]))

    def links(self, document_ids: Sequence[int]) -> list[tuple[int, int]]:
        """Pairs (document, other): the first mentions the second's title, which at most two documents share."""
        with self.reading() as connection:
            return connection.execute(
                "SELECT m.document_id, d.id FROM mention m CROSS JOIN document d INDEXED BY document_title"
                f" ON d.title = m.title AND d.state = 'live'"
                f" WHERE m.document_id IN ({_marks(document_ids)}) AND d.id != m.document_id AND NOT EXISTS"
                " (SELECT 1 FROM document x WHERE x.title = m.title AND x.state = 'live' LIMIT 1 OFFSET 2)",
                list(document_ids),
            ).fetchall()


def state(connection: sqlite3.Connection, key: str) -> int:
    """A counter or flag of the catalog."""
    value: int = connection.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()[0]
    return value


def pages_from_json(text: str) -> tuple[PageSpan, ...]:
    """Page spans as the catalog keeps them: a list of [number, start, end]."""
    return tuple(PageSpan(*page) for page in json.loads(text))


def _chunk_row(row: tuple[Any, ...]) -> ChunkRow:
    identifier, document, title, text, start, end, headings, first, last, pages, metadata = row
    return ChunkRow(
        id=identifier,
        document_id=document,
        title=title,
        text=text,
        start=start,
        end=end,
        headings=tuple(json.loads(headings)),
        page_first=first,
        page_last=last,
        pages=pages_from_json(pages),
        metadata=json.loads(metadata),
    )


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _filter_column(name: str) -> str:
    own = {"title": "d.title", "media_type": "d.media_type", "uri": "p.uri"}
    if name in own:
        return own[name]
    if not name or '"' in name:
        raise UsageError(f"{name!r} cannot be a filter:", hint="use title, media_type, uri or a metadata key.")
    return f"CAST(json_extract(d.metadata, '$.\"{name.replace(chr(39), chr(39) * 2)}\"') AS TEXT)"


def _as_text(value: MetadataValue) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return str(value)
