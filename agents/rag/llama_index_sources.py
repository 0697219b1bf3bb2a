"""Retrievers and query engines of LlamaIndex as sources: their nodes become passages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import PurePath
from typing import Any

from llama_index.core.schema import NodeWithScore, QueryBundle

from agents.rag.sources import Query
from knowledge.types import Passage, Scores

URIS = ("file_path", "uri", "url", "source", "file_name")
PAGES = ("page", "page_label", "page_number")
OPEN: tuple[frozenset[str], ...] = ()


@dataclass(frozen=True, slots=True)
class LlamaIndexSource:
    """A retriever, or a query engine: its source nodes, else its answer, are what it finds."""

    name: str
    given: Any

    def about(self) -> str:
        """What it says about itself."""
        metadata = getattr(self.given, "metadata", None)
        return str(getattr(metadata, "description", "") or getattr(self.given, "description", "") or self.name)

    def search(self, query: Query) -> tuple[Passage, ...]:
        """What it finds; it knows of no readers and no filters."""
        nodes = self._nodes(QueryBundle(query.words))
        return tuple(_passage(node, self.name) for node in nodes[: query.limit] if node.node.get_content().strip())

    def access(self, passages: Sequence[Passage]) -> tuple[frozenset[str], ...]:
        """Nothing is known about who may read it, so nothing restricts it."""
        return OPEN

    def _nodes(self, bundle: QueryBundle) -> list[NodeWithScore]:
        if hasattr(self.given, "retrieve"):
            try:
                return list(self.given.retrieve(bundle))
            except NotImplementedError:
                pass
        response = self.given.query(bundle)
        nodes = list(getattr(response, "source_nodes", ()))
        return nodes or [_as_node(str(response), self.name)]


def adapted(item: Any, *, name: str) -> LlamaIndexSource:
    """A source for `item`."""
    return LlamaIndexSource(name, item)


def _passage(scored: NodeWithScore, source: str) -> Passage:
    node = scored.node
    metadata: dict[str, Any] = node.metadata
    text = node.get_content()
    start = getattr(node, "start_char_idx", None) or 0
    page = next((number for key in PAGES if (number := _number(metadata.get(key))) is not None), None)
    uri = next((str(metadata[key]) for key in URIS if metadata.get(key)), node.node_id)
    score = float(scored.score or 0.0)
    return Passage(
        chunk_id=_identity(node.node_id),
        document_id=_identity(node.ref_doc_id or uri),
        bank=source,
        title=str(metadata.get("title") or metadata.get("file_name") or PurePath(uri).stem),
        uri=uri,
        text=text,
        start=start,
        end=start + len(text),
        headings=(str(metadata["headings"]),) if metadata.get("headings") else (),
        page_first=page,
        page_last=page,
        pages=(),
        metadata={key: value for key, value in metadata.items() if isinstance(value, str | int | float | bool)},
        scores=Scores(score, score, 0.0, score, 0.0),
    )


def _number(value: object) -> int | None:
    return int(str(value)) if str(value).isascii() and str(value).isdecimal() else None


def _identity(words: str) -> int:
    """A number for a node's or a document's id, the same whenever it is found."""
    return int.from_bytes(blake2b(words.encode("utf-8", "replace"), digest_size=7).digest(), "big")


def _as_node(text: str, name: str) -> NodeWithScore:
    from llama_index.core.schema import TextNode

    return NodeWithScore(node=TextNode(text=text, metadata={"title": name}), score=0.0)
