"""Chroma as a mirror of the catalog's vectors: written beside them, owned by one process, never the truth.

Chroma's files do not survive a kill during a write, so a mark is taken away before the first write and put back when
they were closed in good order, with the generation of the catalog that they hold. Where it is missing, the files are
left aside and built anew from the catalog, in a new folder, without embedding anything. Reading takes no mark away.
"""

from __future__ import annotations

import json
import logging
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from filelock import FileLock, Timeout

from knowledge.errors import StorageError
from knowledge.storage.catalog import VECTOR_TYPE, state
from knowledge.storage.schema import identity

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

    from knowledge.types import Matrix, Vector

COLLECTION = "chunks"
BATCH = 2_000
UNKNOWN = -1
# At 100,000 chunks, recall@10 among 200 and processor time a query (2026-11-26): 400 .974, 5.3 ms; 600 .981, 6.8 ms;
# 800 .986, 7.4 ms; 1,200 .989, 7.5 ms.
EF_SEARCH = 800
# So many chunks take a reader about two seconds; of more it leaves the mirror to the next writer.
CATCH_UP = 5_000

LIVE_CHUNKS = (
    "SELECT chunk_id FROM vector INDEXED BY vector_document"
    " WHERE document_id IN (SELECT id FROM document WHERE state = 'live')"
)

log = logging.getLogger(__name__)


class ChromaMirror:
    """Keeps a Chroma collection equal to the live vectors, while this process is its owner.

    Where another process owns it, nothing is written and the owner catches up by itself.
    """

    def __init__(self, path: Path, dimension: int) -> None:
        self._path = path
        self._dimension = dimension
        # Whoever closes it may be another thread than the one that opened it.
        self._owner = FileLock(path / "owner.lock", timeout=0, thread_local=False)
        self._locked: tuple[int, int] | None = None
        self._client: Client | None = None
        self._collection: Collection | None = None
        self.far_behind = False
        self._folder = ""
        self._stale = False
        # Which generation the open collection holds, and whether the mark on the disk says so.
        self._holds = UNKNOWN
        self._marked = False

    def add(self, connection: sqlite3.Connection, chunk_ids: Sequence[int]) -> None:
        """Adds the vectors of these chunks."""
        if self._open():
            self._upsert(connection, chunk_ids)

    def remove(self, chunk_ids: Sequence[int]) -> None:
        """Removes these chunks. Before the first `add` of a run there is nothing to do: finishing compares all."""
        if self._collection is not None and chunk_ids:
            self._unmark()
            with damage(self._path):
                for batch in _batches(chunk_ids):
                    self._collection.delete(ids=[str(chunk) for chunk in batch])

    def rebuild(self) -> None:
        """Has the mirror built anew in this run, since the last one may have left it broken."""
        self._stale = True

    def finish(self, connection: sqlite3.Connection) -> None:
        """Closes the collection in good order and records the generation that it holds."""
        if self._open():
            self._level(connection)
            self._shut()

    def close(self) -> None:
        """Lets go of everything, whether finished or not."""
        try:
            self._shut()
        finally:
            self._owner.release()

    def catch_up(self, connection: sqlite3.Connection, *, most: int = CATCH_UP) -> bool:
        """Makes the mirror level with the catalog and keeps it open.

        False where another process owns it, or where more than `most` chunks differ: the next writer sees to them.
        """
        if self.needs_building or not self._open():
            return False
        if self._level(connection, most):
            return True
        log.warning("The mirror in %s is far behind: vectors are searched exactly until the next ingest.", self._path)
        self.far_behind = True
        self.close()
        return False

    @property
    def needs_building(self) -> bool:
        """Whether there are no files that can be trusted; those that this process has open can."""
        return self._collection is None and not self._read_mark().get("clean")

    def is_behind(self, connection: sqlite3.Connection) -> bool:
        """Whether its files hold another generation than the catalog's present one, as far as their mark says."""
        return self._read_mark().get("generation") != state(connection, "generation")

    def nearest(self, query: Vector, limit: int) -> dict[int, float]:
        """Cosines of about the nearest `limit` chunks, best first; the mirror must be open."""
        if self._collection is None:
            raise RuntimeError("the mirror is not open")
        with damage(self._path):
            found = self._collection.query(query_embeddings=query[np.newaxis], n_results=limit, include=["distances"])
        distances = (found["distances"] or [[]])[0]
        return {int(chunk): 1.0 - distance for chunk, distance in zip(found["ids"][0], distances, strict=True)}

    def contents(self) -> tuple[list[int], Matrix] | None:
        """Ids and vectors as Chroma returns them, or None where they are not to be trusted or not ours."""
        mark = self._read_mark()
        if not mark or not mark["clean"] or not self._own():
            return None
        try:
            collection = self._connect(str(mark["folder"]))
            found = collection.get(include=["embeddings"])
            ids = [int(chunk) for chunk in found["ids"]]
            vectors = np.asarray(found["embeddings"], dtype=np.float32).reshape(len(ids), self._dimension)
            return ids, vectors
        finally:
            self.close()

    def _own(self) -> bool:
        self._path.mkdir(exist_ok=True)
        try:
            self._owner.acquire()
        except Timeout:
            return False
        self._locked = identity(self._path / "owner.lock")
        return True

    def _open(self) -> bool:
        if self._collection is not None:
            return True
        if not self._own():
            return False
        mark = {} if self._stale else self._read_mark()
        if mark.get("clean"):
            self._folder, self._holds, self._marked = str(mark["folder"]), cast("int", mark["generation"]), True
        else:
            self._folder, self._holds, self._marked = self._fresh_folder(), UNKNOWN, False
            self._mark(clean=False)
        self._collection = self._connect(self._folder)
        self._stale = False
        return True

    def _connect(self, folder: str) -> Collection:
        # Costs half a second: only processes that write vectors or own the mirror pay it.
        import chromadb
        from chromadb.config import Settings

        with damage(self._path):
            settings = Settings(anonymized_telemetry=False)
            client = chromadb.PersistentClient(path=str(self._path / folder), settings=settings)
            self._client = cast("Client", client)
            collection: Collection = client.get_or_create_collection(
                COLLECTION,
                configuration={"hnsw": {"space": "cosine", "ef_search": EF_SEARCH, "ef_construction": 100}},
                embedding_function=None,
            )
            if collection.configuration_json["hnsw"]["ef_search"] != EF_SEARCH:
                # Made by an earlier version; what is set counts from the next opening on.
                collection.modify(configuration={"hnsw": {"ef_search": EF_SEARCH}})
            return collection

    def _level(self, connection: sqlite3.Connection, most: int | None = None) -> bool:
        """Makes the open collection hold the catalog's present generation, unless that is more than `most` writes."""
        generation = state(connection, "generation")
        if self._holds == generation or self._collection is None:
            return self._collection is not None
        with damage(self._path):
            present = {int(chunk) for chunk in self._collection.get(include=[])["ids"]}
        # Where an ingest is under way, or was killed, there are vectors that no reader may see yet, or any more.
        wanted = {row[0] for row in connection.execute(LIVE_CHUNKS)}
        gone, fresh = sorted(present - wanted), sorted(wanted - present)
        if most is not None and len(gone) + len(fresh) > most:
            return False
        self.remove(gone)
        self._upsert(connection, fresh)
        self._holds = generation
        if self._marked:
            # Nothing was written: the same chunks are those of a later generation.
            self._mark(clean=True)
        return True

    def _upsert(self, connection: sqlite3.Connection, chunk_ids: Sequence[int]) -> None:
        if self._collection is None or not chunk_ids:
            return
        self._unmark()
        for batch in _batches(chunk_ids):
            marks = ", ".join("?" * len(batch))
            query = f"SELECT chunk_id, data FROM vector WHERE chunk_id IN ({marks})"
            rows = connection.execute(query, list(batch)).fetchall()
            vectors = np.frombuffer(b"".join(row[1] for row in rows), VECTOR_TYPE).reshape(len(rows), self._dimension)
            with damage(self._path):
                ids = [str(row[0]) for row in rows]
                self._collection.upsert(ids=ids, embeddings=vectors.astype(np.float32))

    def _unmark(self) -> None:
        """Before a write: from here on the files are not to be trusted, until they are closed in good order."""
        self._holds = UNKNOWN
        if self._marked:
            self._mark(clean=False)

    def _shut(self) -> None:
        """Closes the collection; where it is level with the catalog, the mark is put back."""
        try:
            if self._client is not None:
                self._client.close()
                if self._holds != UNKNOWN and not self._marked:
                    self._mark(clean=True)
        finally:
            self._client = self._collection = None
            self._holds = UNKNOWN

    def _read_mark(self) -> dict[str, object]:
        try:
            mark: dict[str, object] = json.loads(mark_text(self._path))
        except ValueError:
            return {}
        whole = isinstance(mark, dict) and mark.keys() >= {"folder", "generation", "clean"}
        known = whole and isinstance(mark["generation"], int)
        return mark if known and (self._path / str(mark["folder"])).is_dir() else {}

    def _mark(self, *, clean: bool) -> None:
        if identity(self._path / "owner.lock") != self._locked:
            # The bank was removed, and what stands here now, if anything, is another's.
            return
        mark = {"folder": self._folder, "generation": self._holds, "clean": clean}
        temporary = self._path / "mark.json.new"
        temporary.write_text(json.dumps(mark), "utf-8")
        temporary.replace(self._path / "mark.json")
        self._marked = clean

    def _fresh_folder(self) -> str:
        old = [entry for entry in self._path.iterdir() if entry.is_dir()]
        numbers = [entry.name.rpartition("-")[2] for entry in old]
        number = 1 + max((int(text) for text in numbers if text.isdecimal()), default=0)
        for entry in old:
            shutil.rmtree(entry, ignore_errors=True)
        return f"index-{number}"


def mark_text(path: Path) -> str:
    """What the mark of the mirror at `path` says, which every writer that brings it up changes; empty without one."""
    try:
        return (path / "mark.json").read_text("utf-8")
    except (FileNotFoundError, ValueError):
        return ""


@contextmanager
def damage(path: Path) -> Iterator[None]:
    """Turns what Chroma reports into an error that says what to do."""
    from chromadb.errors import ChromaError

    try:
        yield
    except ChromaError as error:
        raise StorageError(
            f"Chroma cannot use {path}: {error}.",
            hint="Check space and permissions; the next ingest builds it anew from the catalog.",
        ) from error


def _batches(chunk_ids: Iterable[int]) -> Iterator[list[int]]:
    ids = list(chunk_ids)
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]
