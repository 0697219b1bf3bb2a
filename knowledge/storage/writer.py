"""Writing to a bank, so that being killed at any instant loses nothing and leaves nothing twice.

A batch of documents is staged in the catalog (texts, chunks, vectors), then indexed, then made live in one
transaction together with their places; only then is what they replace removed. Readers look up everything in
the catalog and see live documents only. What a killed run left staged is dropped by the next writer, and
the postings are compared with the catalog before it begins.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from knowledge.card import BankCard, card_to_json
from knowledge.errors import BankBusy, StorageError
from knowledge.storage.catalog import state
from knowledge.storage.chroma import ChromaMirror
from knowledge.storage.indexed_texts import INDEXED, compact
from knowledge.storage.lexical import OF_CHUNKS, OF_DOCUMENTS, PostingsWriter
from knowledge.storage.links import link
from knowledge.storage.recovery import drop_unfinished, postings_cover, reconcile_postings
from knowledge.storage.schema import connect, failures, transaction
from knowledge.storage.staging import Staged, make_live, remove_retired, retire_homeless, stage, upsert_place
from knowledge.types import NewDocument, NewPlace, Place


@dataclass(frozen=True, slots=True)
class LiveDocument:
    """A document as its writer knows it: the title it is indexed under, and what its bytes alone say."""

    id: int
    title: str
    own_title: str


class BankWriter:
    """The one writer of a bank, as a context manager; raises `BankBusy` while there is another."""

    def __init__(self, path: Path, card: BankCard) -> None:
        self._path = path
        self._card = card
        self._catalog = path / "catalog.sqlite"
        self._lock = FileLock(path / "write.lock", timeout=0)
        self._postings: dict[str, PostingsWriter] = {}
        self._failed = False
        self._mirror = ChromaMirror(path / "chroma", card.embedder.dimension)

    def __enter__(self) -> Self:
        try:
            self._lock.acquire()
        except Timeout as error:
            raise BankBusy(
                f"Another process is writing to the bank {self._card.name!r}.",
                hint="Wait until it has finished, or stop it; what it has committed stays.",
            ) from error
        except OSError as error:
            raise StorageError(f"Cannot write to {self._path}: {error.strerror}.", hint="Check permissions.") from error
        try:
            self._connection = connect(self._catalog)
            # A commit must be on the disk before the postings of what it removed are deleted there.
            self._connection.execute("PRAGMA synchronous = FULL")
            self._recover()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.finish()
        finally:
            self._close()

    def source(self, kind: str, spec: str) -> int:
        """The id of a source, recorded once: `kind` is folder, file, glob, url and so on."""
        with failures(self._catalog), transaction(self._connection):
            self._connection.execute("INSERT OR IGNORE INTO source (kind, spec) VALUES (?, ?)", (kind, spec))
            query = "SELECT id FROM source WHERE kind = ? AND spec = ?"
            identifier: int = self._connection.execute(query, (kind, spec)).fetchone()[0]
            return identifier

    def places(self, source_id: int) -> dict[str, Place]:
        """What is recorded for a source, by uri."""
        rows = self._connection.execute(
            "SELECT p.source_id, p.uri, p.allow, p.size, p.mtime_ns, p.title, p.id, p.document_id, d.content_key"
            " FROM place p JOIN document d ON d.id = p.document_id WHERE p.source_id = ?",
            (source_id,),
        )
        return {
            row[1]: Place(row[0], row[1], frozenset(json.loads(row[2])), row[3], row[4], row[5], row[6], row[7], row[8])
            for row in rows
        }

    def live_document(self, content_key: str) -> LiveDocument | None:
        """The live document with this key, if there is one."""
        query = "SELECT id, title, own_title FROM document WHERE content_key = ? AND state = 'live'"
        row = self._connection.execute(query, (content_key,)).fetchone()
        return LiveDocument(*row) if row else None

    def document_count(self) -> int:
        """How many documents are live."""
        query = "SELECT count(*) FROM document WHERE state = 'live'"
        count: int = self._connection.execute(query).fetchone()[0]
        return count

    def commit(self, documents: Sequence[NewDocument]) -> None:
        """Makes whole documents live, and removes those that stood in their places before.

        A document whose key is live already only gains the places. Raises `StorageError` when the disk is
        full; what was committed before stays.
        """
        fresh: dict[str, NewDocument] = {}
        for document in documents:
            if self.live_document(document.content_key) is None:
                fresh.setdefault(document.content_key, document)
        with self._writing():
            staged = stage(self._connection, list(fresh.values()))
            self._index(staged)
            with transaction(self._connection):
                make_live(self._connection, list(fresh.values()))
                for document in documents:
                    self._upsert(document.places, document.content_key, title=document.title)
                retire_homeless(self._connection)
            self._remove_retired()

    def place(self, place: NewPlace, content_key: str) -> None:
        """Records that the live document with this key stands at `place`, in place of what stood there."""
        with self._writing():
            with transaction(self._connection):
                self._upsert([place], content_key, title="")
                retire_homeless(self._connection)
            self._remove_retired()

    def touch(self, place: Place, *, size: int, mtime_ns: int, allow: frozenset[str]) -> None:
        """Records a new stat or new access for a place whose document stays."""
        with failures(self._catalog), transaction(self._connection):
            self._connection.execute(
                "UPDATE place SET size = ?, mtime_ns = ?, allow = ? WHERE id = ?",
                (size, mtime_ns, json.dumps(sorted(allow)), place.id),
            )
            self._connection.execute("UPDATE state SET value = value + 1 WHERE key = 'generation'")

    def remove_places(self, places: Sequence[Place]) -> None:
        """Removes places; documents that are left without any are removed too."""
        with self._writing():
            with transaction(self._connection):
                self._connection.executemany("DELETE FROM place WHERE id = ?", [(place.id,) for place in places])
                retire_homeless(self._connection)
            self._remove_retired()

    def put_card(self, card: BankCard) -> None:
        """Replaces the bank card; the embedder must stay the same."""
        with failures(self._catalog), transaction(self._connection):
            self._connection.execute("UPDATE card SET json = ?", (json.dumps(card_to_json(card)),))
        self._card = card

    def finish(self) -> None:
        """Links titles, brings Chroma up to date and records that the run ended well; does so once."""
        dirty = state(self._connection, "dirty")
        if self._failed or not (dirty or self._has_old_mirror()):
            return
        with failures(self._catalog):
            if dirty:
                link(self._connection)
                for folder in (OF_CHUNKS, OF_DOCUMENTS):
                    postings = self._postings_writer(folder)
                    compact(self._connection, folder, postings)
                    postings.commit()
            self._mirror.finish(self._connection)
            self._set_dirty(0)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Work that a failure leaves to the next writer's recovery; this one takes no more of it."""
        if self._failed:
            raise StorageError("An earlier write to this bank failed.", hint="Run the ingest again to recover.")
        try:
            with failures(self._catalog):
                self._mark_dirty()
                yield
        except BaseException:
            self._failed = True
            raise

    def _recover(self) -> None:
        dirty = bool(state(self._connection, "dirty"))
        lacking = [kind for kind in INDEXED if dirty or not postings_cover(self._connection, self._path, kind)]
        with failures(self._catalog):
            if dirty or OF_CHUNKS in lacking:
                drop_unfinished(self._connection)
            for kind in lacking:
                reconcile_postings(self._connection, self._path, kind, language=self._card.language)
            if dirty or OF_CHUNKS in lacking:
                self._mirror.rebuild()

    def _index(self, staged: Staged) -> None:
        for folder, texts in ((OF_CHUNKS, staged.chunks), (OF_DOCUMENTS, staged.documents)):
            postings = self._postings_writer(folder)
            postings.add(texts)
            postings.commit()
        self._mirror.add(self._connection, [chunk for chunk, _ in staged.chunks])

    def _upsert(self, places: Sequence[NewPlace], content_key: str, *, title: str) -> None:
        document = self.live_document(content_key)
        if document is None:
            raise KeyError(f"no live document with key {content_key}")
        for place in places:
            upsert_place(self._connection, place, document.id, title=title or document.own_title or place.uri)

    def _remove_retired(self) -> None:
        gone = remove_retired(self._connection)
        if gone.documents:
            self._postings_writer(OF_CHUNKS).remove(gone.chunks)
            self._postings_writer(OF_DOCUMENTS).remove(gone.documents)
            self._mirror.remove(gone.chunks)

    def _postings_writer(self, folder: str) -> PostingsWriter:
        if folder not in self._postings:
            self._postings[folder] = PostingsWriter(self._path / folder, self._card.language)
        return self._postings[folder]

    def _has_old_mirror(self) -> bool:
        """Whether documents are without a mirror, as a run or a reader that was killed may leave them, or with one that
        its owner did not keep level.
        """
        old = self._mirror.needs_building or self._mirror.is_behind(self._connection)
        return old and self.document_count() > 0

    def _mark_dirty(self) -> None:
        if not state(self._connection, "dirty"):
            self._set_dirty(1)

    def _set_dirty(self, value: int) -> None:
        with transaction(self._connection):
            self._connection.execute("UPDATE state SET value = ? WHERE key = 'dirty'", (value,))

    def _close(self) -> None:
        for postings in self._postings.values():
            postings.close()
        self._mirror.close()
        self._connection.close()
        self._lock.release()
