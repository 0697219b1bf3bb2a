"""Reading a bank's catalog: the one place from which anything that is shown is taken."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np

from knowledge.card import BankCard, card_from_json
from knowledge.storage.rows import ChunkRow, DocumentSummary, Shown
from knowledge.storage.schema import connect, failures, identity, transaction
from knowledge.storage.scope import EVERYTHING, Ids, Scope, marks, open_kinds, resolved
from knowledge.types import Document, MetadataValue, PageSpan, Reader

if TYPE_CHECKING:
    from knowledge.types import Matrix

VECTOR_TYPE = np.float16
BLOCK = 20_000


class Catalog:
    """One connection to a bank's catalog. Thread-safe: calls take turns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = RLock()
        self._connection = connect(path)
        self._file = identity(path)

    @property
    def replaced(self) -> bool:
        """Whether another file stands at its path than the one that was opened, or none."""
        return identity(self.path) != self._file

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
        live = f"document_id IN (SELECT id FROM document WHERE state = 'live'){only}"
        values = [] if wanted is None else [json.dumps(list(wanted))]
        with self.reading() as connection:
            count = connection.execute(f"SELECT count(*) FROM vector WHERE {live}", values).fetchone()[0]
            ids, owners = np.empty(count, np.int64), np.empty(count, np.int64)
            matrix = np.empty((count, dimension), np.float32)
            query = f"SELECT chunk_id, document_id, data FROM vector WHERE {live} ORDER BY chunk_id"
            cursor = connection.execute(query, values)
            # In blocks: of a large bank all rows at once would take several times the memory of the matrix.
            for start in range(0, count, BLOCK):
                rows = cursor.fetchmany(min(BLOCK, count - start))
                part = slice(start, start + len(rows))
                ids[part] = [row[0] for row in rows]
                owners[part] = [row[1] for row in rows]
                matrix[part] = np.frombuffer(b"".join(row[2] for row in rows), VECTOR_TYPE).reshape(-1, dimension)
        return ids, owners, matrix

    def vectors_of(self, chunk_ids: Ids, dimension: int) -> Matrix:
        """The vectors of these chunks, which must be there, in their order: float32 of shape (n, dimension)."""
        query = "SELECT chunk_id, data FROM vector WHERE chunk_id IN (SELECT value FROM json_each(?))"
        with self.reading() as connection:
            found = dict(connection.execute(query, [json.dumps(chunk_ids.tolist())]).fetchall())
        data = b"".join(found[chunk] for chunk in chunk_ids.tolist())
        return np.frombuffer(data, VECTOR_TYPE).reshape(-1, dimension).astype(np.float32)

    def owners(self) -> tuple[Ids, Ids]:
        """Of all live chunks, by id: chunk ids, document ids. Reads no vector."""
        query = (
            "SELECT chunk_id, document_id FROM vector INDEXED BY vector_document"
            " WHERE document_id IN (SELECT id FROM document WHERE state = 'live')"
        )
        with self.reading() as connection:
            pairs = np.array(connection.execute(query).fetchall(), np.int64).reshape(-1, 2)
        pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
        return np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])

    def chunks_of(self, documents: Ids, most: int) -> list[int] | None:
        """The ids of the chunks of these documents; None where there are more than `most`."""
        query = "SELECT chunk_id FROM vector WHERE document_id IN (SELECT value FROM json_each(?)) LIMIT ?"
        with self.reading() as connection:
            rows = connection.execute(query, [json.dumps(documents.tolist()), most + 1]).fetchall()
        return [row[0] for row in rows] if len(rows) <= most else None

    def kinds(self, reader: Reader) -> tuple[str, ...] | None:
        """The kinds of access that are open to `reader`; None where that is all that the bank has."""
        with self.reading() as connection:
            return open_kinds(connection, reader)

    def scope(self, kinds: tuple[str, ...] | None, filters: Mapping[str, MetadataValue]) -> Scope:
        """What a reader to whom `kinds` are open may see and `filters` ask for."""
        with self.reading() as connection:
            return resolved(connection, kinds, filters)

    def chunks(self, ids: Sequence[int]) -> dict[int, ChunkRow]:
        """The chunks of live documents among `ids`, by id; others are left out."""
        with self.reading() as connection:
            rows = connection.execute(
                "SELECT c.id, c.document_id, c.ordinal, c.tokens, c.text, c.start, c.stop, c.headings,"
                " c.page_first, c.page_last"
                " FROM chunk c JOIN document d ON d.id = c.document_id"
                f" WHERE d.state = 'live' AND c.id IN ({marks(ids)})",
                list(ids),
            ).fetchall()
            # Read once, however many of its chunks there are: a long document has many pages.
            documents = list({row[1] for row in rows})
            query = f"SELECT id, pages, metadata FROM document WHERE id IN ({marks(documents)})"
            about = {
                row[0]: (pages_from_json(row[1]), json.loads(row[2])) for row in connection.execute(query, documents)
            }
        return {row[0]: _chunk_row(row, *about[row[1]]) for row in rows}

    def gaps(self, pairs: Iterable[tuple[ChunkRow, ChunkRow]]) -> dict[tuple[int, int], str]:
        """What stands between each two chunks of live documents, by their ids, where that is white space or nothing."""
        of_document: dict[int, list[tuple[ChunkRow, ChunkRow]]] = defaultdict(list)
        for pair in pairs:
            of_document[pair[0].document_id].append(pair)
        between: dict[tuple[int, int], str] = {}
        for document, own in of_document.items():
            begin, end = min(one.end for one, _ in own), max(other.start for _, other in own)
            # Once a document, since SQLite counts its characters from the start each time.
            text = self._text(document, begin, end)
            gaps = {(one.id, other.id): text[one.end - begin : other.start - begin] for one, other in own}
            # It ends a text at a NUL, which programs may have put there.
            if len(text) == end - begin:
                between |= {ids: gap for ids, gap in gaps.items() if not gap.strip()}
        return between

    def _text(self, document_id: int, start: int, end: int) -> str:
        query = "SELECT substr(text, ?, ?) FROM document WHERE id = ? AND state = 'live'"
        with self.reading() as connection:
            row = connection.execute(query, (start + 1, end - start, document_id)).fetchone()
        return str(row[0]) if row else ""

    def shown(self, document_ids: Iterable[int], scope: Scope) -> dict[int, Shown]:
        """For each document the first of its places within `scope`; a document without one is left out."""
        wanted = list(document_ids)
        condition, values = scope.place_condition()
        with self.reading() as connection:
            rows = connection.execute(
                "SELECT p.document_id, p.uri, p.title FROM place p JOIN document d ON d.id = p.document_id"
                f" WHERE p.document_id IN ({marks(wanted)}) AND {condition} ORDER BY p.source_id DESC, p.uri DESC",
                [*wanted, *values],
            ).fetchall()
        return {row[0]: Shown(row[1], row[2]) for row in rows}

    def documents(self, reader: Reader) -> list[DocumentSummary]:
        """The live documents that `reader` may see, by the place that is shown."""
        with self.reading() as connection:
            condition, values = Scope(open_kinds(connection, reader)).place_condition()
            rows = connection.execute(
                "SELECT d.id, p.title, p.uri, d.media_type,"
                " (SELECT count(*) FROM vector v WHERE v.document_id = d.id), p.allow"
                f" FROM document d JOIN place p ON p.document_id = d.id WHERE d.state = 'live' AND {condition}"
                " ORDER BY p.source_id DESC, p.uri DESC",
                values,
            ).fetchall()
        seen = {
            row[0]: DocumentSummary(row[0], row[1], row[2], row[3], row[4], frozenset(json.loads(row[5])))
            for row in rows
        }
        return sorted(seen.values(), key=lambda document: document.uri)

    def document(self, document_id: int, reader: Reader, bank: str) -> Document | None:
        """A live document with its text, or None where `reader` may not see it or it does not exist."""
        with self.reading() as connection:
            row = connection.execute(
                "SELECT media_type, pages, metadata, text FROM document WHERE id = ? AND state = 'live'",
                (document_id,),
            ).fetchone()
            place = self.shown([document_id], Scope(open_kinds(connection, reader))).get(document_id)
        if row is None or place is None:
            return None
        media_type, pages, metadata, text = row
        known = json.loads(metadata)
        return Document(document_id, bank, place.title, text, place.uri, media_type, pages_from_json(pages), known)

    def digest(self, document_id: int) -> str | None:
        """The SHA-256 of the bytes that a live document was read from; None where there is no such document."""
        query = "SELECT content_key FROM document WHERE id = ? AND state = 'live'"
        with self.reading() as connection:
            row = connection.execute(query, (document_id,)).fetchone()
        return str(row[0]).partition(":")[0] if row else None

    def links(self, document_ids: Sequence[int], scope: Scope = EVERYTHING) -> list[tuple[int, int]]:
        """Pairs (document, other): the first mentions a title of the second, which at most two documents share.

        Titles are those of places that are open within `scope`; whatever else is called so does not count.
        """
        condition, values = Scope(scope.kinds).place_condition()
        others = condition.replace("p.", "x.")
        with self.reading() as connection:
            return connection.execute(
                "SELECT DISTINCT m.document_id, p.document_id FROM mention m CROSS JOIN place p INDEXED BY place_title"
                f" ON p.title = m.title AND {condition}"
                f" WHERE m.document_id IN ({marks(document_ids)}) AND p.document_id != m.document_id AND NOT EXISTS"
                " (SELECT DISTINCT x.document_id FROM place x INDEXED BY place_title"
                f" WHERE x.title = m.title AND {others} LIMIT 1 OFFSET 2)",
                [*values, *document_ids, *values],
            ).fetchall()


def state(connection: sqlite3.Connection, key: str) -> int:
    """A counter or flag of the catalog."""
    value: int = connection.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()[0]
    return value


def pages_from_json(text: str) -> tuple[PageSpan, ...]:
    """Page spans as the catalog keeps them: a list of [number, start, end]."""
    return tuple(PageSpan(*page) for page in json.loads(text))


def _chunk_row(row: tuple[Any, ...], pages: tuple[PageSpan, ...], metadata: Mapping[str, MetadataValue]) -> ChunkRow:
    identifier, document, ordinal, tokens, text, start, end, headings, first, last = row
    return ChunkRow(
        id=identifier,
        document_id=document,
        ordinal=ordinal,
        tokens=tokens,
        text=text,
        start=start,
        end=end,
        headings=tuple(json.loads(headings)),
        page_first=first,
        page_last=last,
        pages=pages,
        metadata=metadata,
    )
