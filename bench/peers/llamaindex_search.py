"""LlamaIndex: its vector index, and its query fusion with BM25. `python -m bench.peers.llamaindex_search FOLDER`."""

from __future__ import annotations

from collections.abc import Sequence

from llama_index.core import VectorStoreIndex
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms import MockLLM
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from bench.peers.bm25_search import build as build_bm25
from bench.peers.exchange import K, Search, Task, answer


class Lexical(BaseRetriever):
    """BM25 as a retriever: LlamaIndex's own package for it is bm25s in the same way."""

    def __init__(self, task: Task, nodes: Sequence[TextNode]) -> None:
        self._search, self._nodes = build_bm25(task), nodes
        self._rows = {question["text"]: row for row, question in enumerate(task.questions)}
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._search(self._rows[query_bundle.query_str])
        return [NodeWithScore(node=self._nodes[hit], score=1 / (rank + 1)) for rank, hit in enumerate(found)]


class Dense(BaseRetriever):
    """The index's own retriever, asked with vectors that are there already."""

    def __init__(self, task: Task, nodes: Sequence[TextNode]) -> None:
        model = MockEmbedding(embed_dim=task.chunk_vectors.shape[1])
        index = VectorStoreIndex(list(nodes), embed_model=model)
        self._inner = index.as_retriever(similarity_top_k=K)
        self._vectors = {
            question["text"]: vector.tolist()
            for question, vector in zip(task.questions, task.question_vectors, strict=True)
        }
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        text = query_bundle.query_str
        return self._inner.retrieve(QueryBundle(text, embedding=self._vectors[text]))


def nodes_of(task: Task) -> list[TextNode]:
    """The chunks with their vectors."""
    return [
        TextNode(id_=str(row), text=text, embedding=vector.tolist())
        for row, (text, vector) in enumerate(zip(task.texts, task.chunk_vectors, strict=True))
    ]


def build_dense(task: Task) -> Search:
    """The vector index alone."""
    return _searching(task, Dense(task, nodes_of(task)))


def build_fusion(task: Task) -> Search:
    """Reciprocal-rank fusion of both."""
    nodes = nodes_of(task)
    fusion = QueryFusionRetriever(
        [Dense(task, nodes), Lexical(task, nodes)],
        llm=MockLLM(),
        mode="reciprocal_rerank",  # type: ignore[arg-type]  # the enumeration's value, as its documentation has it
        similarity_top_k=K,
        num_queries=1,
        use_async=False,
    )
    return _searching(task, fusion)


def _searching(task: Task, retriever: BaseRetriever) -> Search:
    return lambda row: [int(hit.node.node_id) for hit in retriever.retrieve(task.questions[row]["text"])]


if __name__ == "__main__":
    answer("llamaindex-dense", build_dense)
    answer("llamaindex-fusion", build_fusion)
