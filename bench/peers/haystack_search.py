"""Haystack: BM25 and embeddings, joined by reciprocal rank. `python -m bench.peers.haystack_search FOLDER`."""

from __future__ import annotations

from collections.abc import Sequence

from haystack import Document
from haystack.components.joiners import DocumentJoiner
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore

from bench.peers.exchange import K, Search, Task, answer


def build(task: Task) -> Search:
    """A store in memory with both retrievers."""
    store = InMemoryDocumentStore(embedding_similarity_function="cosine")
    store.write_documents(
        [
            Document(id=str(row), content=text, embedding=vector.tolist())
            for row, (text, vector) in enumerate(zip(task.texts, task.chunk_vectors, strict=True))
        ]
    )
    dense = InMemoryEmbeddingRetriever(store, top_k=K)
    lexical = InMemoryBM25Retriever(store, top_k=K)
    joiner = DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=K)

    def search(row: int) -> Sequence[int]:
        near = dense.run(query_embedding=task.question_vectors[row].tolist())["documents"]
        worded = lexical.run(query=task.questions[row]["text"])["documents"]
        return [int(found.id) for found in joiner.run(documents=[near, worded])["documents"]]

    return search


if __name__ == "__main__":
    answer("haystack", build)
