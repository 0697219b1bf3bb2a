"""Any bank as a tool: it searches as one reader, and gives passages as data that no text in them can break out of."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from agents.access import note_access
from agents.exceptions import ToolError
from agents.tool.response import ToolResponse
from knowledge.types import ANYONE, MetadataValue, Reader

SearchTool = Callable[..., Awaitable[ToolResponse]]


def bank_search_tool(
    bank_or_library: Any,
    *,
    name: str = "search_documents",
    description: str | None = None,
    reader: Reader = ANYONE,
    limit: int = 5,
    filters: Mapping[str, MetadataValue] | None = None,
) -> SearchTool:
    """A tool that finds passages for `reader`, to be registered in a toolkit.

    `bank_or_library` is a bank, a library, a `LlamaIndexKnowledge`, a retriever or query engine of LlamaIndex, or a
    list of them. It gives `limit` passages a call; its `metadata["passages"]` names them. Without a `description`,
    that of the banks is used as it is now.
    """
    from agents.rag.sources import Query, Sources, access, described, found

    sources = Sources(bank_or_library)
    if limit < 1:
        raise ToolError(f"A search finds one passage or more, found limit={limit}.")

    def search(query: str, bank: str | None) -> ToolResponse:
        from knowledge.answers.evidence import Evidence

        chosen = sources.named(None if bank is None else (bank,))
        passages = found(Query(query, limit, reader, filters or {}), chosen)
        note_access(access(passages, chosen))
        text = Evidence().add(passages)
        told = [{"bank": item.bank, "document": item.document_id, "chunk": item.chunk_id} for item in passages]
        return ToolResponse(text, {"passages": told}, value=passages or text)

    async def search_documents(query: str, bank: str | None = None) -> ToolResponse:
        """Find passages.

        Args:
            query: Key words, or a question that stands alone.
            bank: Search this bank only; leave it out to search where it fits.
        """
        if not query.strip():
            raise ToolError("The query is empty:", hint="give key words or a question.")
        return await asyncio.to_thread(search, query, bank)

    search_documents.__name__ = name
    search_documents.__doc__ = (search_documents.__doc__ or "").replace(
        "Find passages.",
        description or f"Find passages in the documents of these banks.\n\n{described(sources.all())}",
        1,
    )
    return search_documents
