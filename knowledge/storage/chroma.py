"""Chroma as a mirror of the catalog's vectors: written beside them, owned by one process, never the truth.

Chroma's files do not survive a kill during a write, so a mark says whether they were closed in good order and
which generation of the catalog they hold. Where they were not, they are left aside and built anew from the
catalog, in a new folder, without embedding anything.
"""

from __future__ import annotations

import json
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

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

    from knowledge.types import Matrix, Vector

COLLECTION = "chunks"
BATCH = 2_000


class ChromaMirror:
    """Keeps a Chroma collection equal to the live vectors, while this process is its owner.

    Where another process owns it, nothing is written and the owner catches up by itself.
    """

    def __init__(self, path: Path, dimension: int) -> None:
        self._path = path
        self._dimension = dimension
        self._owner = FileLock(path / "owner.lock", timeout=0)
        self._client: Client | None = None
        self._collection: Collection | None = None
        self._folder = ""
        self._stale = False

    def add(self, connection: sqlite3.Connection, chunk_ids: Sequence[int]) -> None:
        """Adds the vectors of these chunks."""
        if self._open(connection):
            self._upsert(connection, chunk_ids)

    def remove(self, chunk_ids: Sequence[int]) -> None:
        """Removes these chunks. Before the first `add` of a run there is nothing to do: opening compares all."""
        if self._collection is not None:
            with damage(self._path):
                for batch in _batches(chunk_ids):
                    self._collection.delete(ids=[str(chunk) for chunk in batch])

    def rebuild(self) -> None:
        """Has the mirror built anew in this run, since the last one may have left it broken."""
        self._stale = True

    def finish(self, connection: sqlite3.Connection) -> None:
        """Closes the collection in good order and records the generation that it holds."""
        if not self._open(connection):
            return
        self._reconcile(connection)
        self._shut()
        self._mark(generation=state(connection, "generation"), clean=True)

    def close(self) -> None:
        """Lets go of everything, whether finished or not."""
        self._shut()
        self._owner.release()

    def catch_up(self, connection: sqlite3.Connection) -> bool:
        """Makes the mirror level with the catalog and keeps it open; False where another process owns it."""
        if not self._open(connection):
            return False
        self._reconcile(connection)
        return True

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
        return True

    def _open(self, connection: sqlite3.Connection) -> bool:
        if self._collection is not None:
            return True
        if not self._own():
            return False
        mark = self._read_mark()
        if self._stale or not mark or not mark["clean"]:
            self._folder = self._fresh_folder()
        else:
            self._folder = str(mark["folder"])
        self._mark(generation=-1, clean=False)
        self._collection = self._connect(self._folder)
        self._stale = False
        if not mark or self._folder != mark["folder"] or mark["generation"] != state(connection, "generation"):
            self._reconcile(connection)
        return True

    def _connect(self, folder: str) -> Collection:
        # Costs half a second: only processes that write vectors or own the mirror pay it.
        import chromadb
        from chromadb.config import Settings

        with damage(self._path):
            settings = Settings(anonymized_telemetry=False)
            client = chromadb.PersistentClient(path=str(self._path / folder), settings=settings)
            self._client = cast("Client", client)
            return client.get_or_create_collection(
                COLLECTION,
                configuration={"hnsw": {"space": "cosine", "ef_search": 400, "ef_construction": 100}},
                embedding_function=None,
            )

    def _reconcile(self, connection: sqlite3.Connection) -> None:
        if self._collection is None:
            return
        with damage(self._path):
            present = {int(chunk) for chunk in self._collection.get(include=[])["ids"]}
        wanted = {row[0] for row in connection.execute("SELECT chunk_id FROM vector")}
        self.remove(sorted(present - wanted))
        self._upsert(connection, sorted(wanted - present))

    def _upsert(self, connection: sqlite3.Connection, chunk_ids: Sequence[int]) -> None:
        if self._collection is None:
            return
        for batch in _batches(chunk_ids):
            marks = ", ".join("?" * len(batch))
            query = f"SELECT chunk_id, data FROM vector WHERE chunk_id IN ({marks})"
            rows = connection.execute(query, list(batch)).fetchall()
            vectors = np.frombuffer(b"".join(row[1] for row in rows), VECTOR_TYPE).reshape(len(rows), self._dimension)
            with damage(self._path):
                ids = [str(row[0]) for row in rows]
                self._collection.upsert(ids=ids, embeddings=vectors.astype(np.float32))

    def _shut(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = self._collection = None

    def _read_mark(self) -> dict[str, object]:
        try:
            mark: dict[str, object] = json.loads((self._path / "mark.json").read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        whole = isinstance(mark, dict) and mark.keys() >= {"folder", "generation", "clean"}
        return mark if whole and (self._path / str(mark["folder"])).is_dir() else {}

    def _mark(self, *, generation: int, clean: bool) -> None:
        mark = {"folder": self._folder, "generation": generation, "clean": clean}
        temporary = self._path / "mark.json.new"
        temporary.write_text(json.dumps(mark), "utf-8")
        temporary.replace(self._path / "mark.json")

    def _fresh_folder(self) -> str:
        old = [entry for entry in self._path.iterdir() if entry.is_dir()]
        numbers = [entry.name.rpartition("-")[2] for entry in old]
        number = 1 + max((int(text) for text in numbers if text.isdecimal()), default=0)
        for entry in old:
            shutil.rmtree(entry, ignore_errors=True)
        return f"index-{number}"


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
