"""Banks as LlamaIndex retrievers, and passages as LlamaIndex nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import (
    NodeRelationship,
    NodeWithScore,
    ObjectType,
    QueryBundle,
    RelatedNodeInfo,
    TextNode,
)
from llama_index.core.vector_stores import FilterCondition, FilterOperator, MetadataFilter, MetadataFilters

from knowledge.errors import UsageError
from knowledge.types import MetadataValue, Passage, Reader

Filters = Mapping[str, MetadataValue] | MetadataFilters

NO_FILTERS: Mapping[str, MetadataValue] = {}
# What a model reads beside the text of a node; the rest of the metadata is for programs.
SHOWN = frozenset({"title", "page", "headings"})


class Searchable(Protocol):
    """A bank, or a library of banks."""

    def search(
        self,
        question: str,
        *,
        k: int = ...,
        reader: Reader = ...,
        filters: Mapping[str, MetadataValue] = ...,
        single: bool = ...,
    ) -> tuple[Passage, ...]:
        """The passages that fit `question` best and that `reader` may see; `single`: none is of two chunks."""
        ...


class BankRetriever(BaseRetriever):
    """Retrieves the passages of a bank or library as one reader, under one set of filters."""

    def __init__(
        self, source: Searchable, *, k: int, reader: Reader, filters: Filters = NO_FILTERS, single: bool = False
    ) -> None:
        super().__init__()
        self._source = source
        self._k = k
        self._reader = reader
        self._filters = plain_filters(filters)
        self._single = single

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        passages = self._source.search(
            query_bundle.query_str, k=self._k, reader=self._reader, filters=self._filters, single=self._single
        )
        return [scored_node(passage) for passage in passages]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


def scored_node(passage: Passage) -> NodeWithScore:
    """The passage as a node whose id names bank and chunk, or both chunks, and whose source is the document."""
    own = _own_metadata(passage)
    metadata = {**passage.metadata, **own}
    unshown = sorted(metadata.keys() - SHOWN)
    node = TextNode(
        id_=f"{passage.bank}/{passage.chunks}",
        text=passage.text,
        start_char_idx=passage.start,
        end_char_idx=passage.end,
        metadata=metadata,
        excluded_llm_metadata_keys=unshown,
        excluded_embed_metadata_keys=unshown,
        relationships={NodeRelationship.SOURCE: _source(passage)},
    )
    return NodeWithScore(node=node, score=passage.scores.total)


def plain_filters(filters: Filters) -> Mapping[str, MetadataValue]:
    """LlamaIndex's filters as ours, which all ask for equality; `UsageError` for any other kind."""
    if not isinstance(filters, MetadataFilters):
        return filters
    if filters.condition not in (None, FilterCondition.AND):
        raise UsageError("A bank takes filters that must all hold:", hint="join them with FilterCondition.AND.")
    return dict(_equality(entry) for entry in filters.filters)


def _equality(entry: MetadataFilter | MetadataFilters) -> tuple[str, MetadataValue]:
    match entry:
        case MetadataFilter(operator=FilterOperator.EQ, value=str() | int() | float() as value):
            return entry.key, value
    raise UsageError("A bank takes filters that ask for equality with one value:", hint="use FilterOperator.EQ.")


def _own_metadata(passage: Passage) -> dict[str, Any]:
    """Flat values only, so that the node fits any vector store."""
    own: dict[str, Any] = {"bank": passage.bank, "title": passage.title, "uri": passage.uri}
    if passage.best.page_first is not None:
        own["page"] = passage.best.page_first
    if passage.headings:
        own["headings"] = " > ".join(passage.headings)
    return own


def _source(passage: Passage) -> RelatedNodeInfo:
    return RelatedNodeInfo(
        node_id=f"{passage.bank}/document/{passage.document_id}",
        node_type=ObjectType.DOCUMENT,
        metadata={"title": passage.title, "uri": passage.uri},
    )
