"""Plain Chroma on disk at its defaults, for `bench.scale`. `python -m bench.peers.chroma_scale ROOT`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import chromadb
import numpy as np

from bench.made_chunks import IN_DOCUMENT
from bench.peers.scale_exchange import Ask, answer
from bench.scale_bank import HIDDEN, SITUATIONS, STAFF, Situation

if TYPE_CHECKING:
    from knowledge.types import Matrix

BATCH = 5_000
SPACE: Any = {"hnsw": {"space": "cosine"}}


def collection(folder: Path) -> Any:
    """The collection in `folder`, made where it is not there."""
    return chromadb.PersistentClient(path=str(folder)).get_or_create_collection(
        "chunks", embedding_function=None, configuration=SPACE
    )


def fill(root: Path) -> None:
    """Adds all chunks under their numbers, with the metadata that the situations ask for."""
    vectors = np.load(root / "vectors.npy", mmap_mode="r")
    made = collection(root / "chroma")
    for start in range(made.count(), len(vectors), BATCH):
        rows = range(start, min(start + BATCH, len(vectors)))
        made.add(
            ids=[str(row) for row in rows],
            embeddings=vectors[rows.start : rows.stop].astype(np.float32),
            metadatas=[described(row // IN_DOCUMENT) for row in rows],
        )


def described(document: int) -> dict[str, int]:
    """What a filter may ask of a document."""
    return {
        "staff": int(document % HIDDEN == HIDDEN - 1),
        **{one.key: document % one.kinds for one in SITUATIONS if one.key},
    }


def condition(situation: Situation, question: int) -> dict[str, Any] | None:
    """The situation as Chroma filters."""
    parts: list[dict[str, Any]] = [{name: {"$eq": value}} for name, value in situation.filters(question).items()]
    if situation.reader is not STAFF:
        parts.append({"staff": {"$eq": 0}})
    return {"$and": parts} if len(parts) > 1 else next(iter(parts), None)


def opened(root: Path) -> Ask:
    """Searches for ten."""
    held = collection(root / "chroma")

    def ask(situation: Situation, number: int, _text: str, vector: Matrix) -> list[int]:
        found = held.query(
            query_embeddings=[vector], n_results=10, where=condition(situation, number), include=["distances"]
        )
        return [int(name) for name in found["ids"][0]]

    return ask


if __name__ == "__main__":
    answer(fill, opened)
