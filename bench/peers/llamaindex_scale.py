"""LlamaIndex over Chroma at its defaults, for `bench.scale`. `python -m bench.peers.llamaindex_scale ROOT`.

The vector store is a collection of its own, with texts and metadata as LlamaIndex keeps them; filters are LlamaIndex's.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import chromadb
import numpy as np
from llama_index.core import VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.schema import QueryBundle, TextNode
from llama_index.core.vector_stores import MetadataFilter, MetadataFilters
from llama_index.vector_stores.chroma import ChromaVectorStore

from bench.made_chunks import IN_DOCUMENT
from bench.peers.chroma_scale import described
from bench.peers.scale_exchange import Ask, answer
from bench.scale_bank import BANK, STAFF, Situation
from knowledge.storage.catalog import Catalog

if TYPE_CHECKING:
    from knowledge.types import Matrix

BATCH = 5_000
K = 10


def store(root: Path) -> ChromaVectorStore:
    """LlamaIndex's store over a collection of its own."""
    client = chromadb.PersistentClient(path=str(root / "llamaindex"))
    return ChromaVectorStore(chroma_collection=client.get_or_create_collection("chunks"))


def fill(root: Path) -> None:
    """Adds the chunks as nodes with texts, in batches that Chroma takes."""
    vectors = np.load(root / "vectors.npy", mmap_mode="r")
    texts = _texts(root)
    made = store(root)
    for start in range(0, len(vectors), BATCH):
        rows = range(start, min(start + BATCH, len(vectors)))
        made.add([
            TextNode(
                id_=str(row), text=texts[row], embedding=vectors[row].astype(np.float32).tolist(),
                metadata=described(row // IN_DOCUMENT),
            )
            for row in rows
        ])  # fmt: skip


def opened(root: Path) -> Ask:
    """Retrievers for ten, one for each filter."""
    made = store(root)
    index = VectorStoreIndex.from_vector_store(made, embed_model=MockEmbedding(embed_dim=384))

    def ask(situation: Situation, number: int, text: str, vector: Matrix) -> list[int]:
        retriever = index.as_retriever(similarity_top_k=K, filters=_filters(situation, number))
        found = retriever.retrieve(QueryBundle(text, embedding=vector.tolist()))
        return [int(hit.node.node_id) for hit in found]

    return ask


def _filters(situation: Situation, number: int) -> MetadataFilters | None:
    wanted: dict[str, Any] = dict(situation.filters(number))
    if situation.reader is not STAFF:
        wanted["staff"] = 0
    return MetadataFilters(filters=[MetadataFilter(key=k, value=v) for k, v in wanted.items()]) if wanted else None


def _texts(root: Path) -> list[str]:
    catalog = Catalog(root / "banks" / BANK / "catalog.sqlite")
    with catalog.reading() as connection:
        return [row[0] for row in connection.execute("SELECT text FROM chunk ORDER BY id")]


if __name__ == "__main__":
    answer(fill, opened)
