"""Plain Chroma: dense search at its defaults. `python -m bench.peers.chroma_search FOLDER`."""

from __future__ import annotations

from collections.abc import Sequence

import chromadb

from bench.peers.exchange import K, Search, Task, answer

BATCH = 5000


def build(task: Task) -> Search:
    """A collection in memory."""
    collection = chromadb.EphemeralClient().create_collection(
        "chunks", embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
    )
    for start in range(0, len(task.chunks), BATCH):
        part = range(start, min(start + BATCH, len(task.chunks)))
        collection.add(ids=[str(row) for row in part], embeddings=task.chunk_vectors[part.start : part.stop])

    def search(row: int) -> Sequence[int]:
        found = collection.query(query_embeddings=task.question_vectors[row : row + 1], n_results=K)
        return [int(name) for name in found["ids"][0]]

    return search


if __name__ == "__main__":
    answer("chroma", build)
