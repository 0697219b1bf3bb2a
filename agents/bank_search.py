"""The banks as a tool that a language model calls: it searches as the reader, and gives passages as data."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llama_index.core.tools import FunctionTool, ToolMetadata
from pydantic import BaseModel, Field

from knowledge.answers.evidence import Evidence
from knowledge.answers.support import support
from knowledge.types import Citation, MetadataValue, Passage, Reader

if TYPE_CHECKING:
    from knowledge.library import Library

TOOL = "search_documents"
SEARCHES = 4
BANKS_DESCRIBED = 20
ENOUGH = "No more searches. Answer now from the passages that you have, or say that they do not answer."


class SearchInput(BaseModel):
    """What the model fills in."""

    query: str = Field(description="Key words, or a question that stands alone.")
    bank: str | None = Field(default=None, description="Search this bank only; leave it out to search where it fits.")


@dataclass(slots=True)
class BankSearch:
    """One question's searches: what they may see, what they found, and how many are left."""

    library: Library
    question: str
    reader: Reader
    banks: tuple[str, ...]
    filters: Mapping[str, MetadataValue]
    limit: int
    evidence: Evidence = field(default_factory=Evidence)
    searches: int = 0

    def tool(self) -> FunctionTool:
        """The tool, described by what the banks are about."""
        metadata = ToolMetadata(description=self._description(), name=TOOL, fn_schema=SearchInput)
        return FunctionTool.from_defaults(async_fn=self._called, tool_metadata=metadata)

    async def find(self, query: str, banks: Sequence[str]) -> str:
        """Search `banks` and take in what is found; the passages as text for a model."""
        return self.evidence.add(await asyncio.to_thread(self._search, query, banks))

    async def _called(self, query: object = None, bank: object = None, **_: object) -> str:
        """What models send is not always what was asked for: without a usable query, the question itself is used."""
        self.searches += 1
        if self.searches > SEARCHES:
            return ENOUGH
        if bank and bank not in self.banks:
            return f"There is no bank {bank}. The banks are: {', '.join(self.banks)}."
        words = query.strip() if isinstance(query, str) else ""
        return await self.find(words or self.question, (str(bank),) if bank else self.banks)

    def check(self, sentence: str, passages: Sequence[Passage]) -> tuple[Citation, ...]:
        """The words of `passages` that support `sentence`."""
        return support(sentence, passages, self.library.bank(self.banks[0]).embedder)

    def _search(self, query: str, banks: Sequence[str]) -> tuple[Passage, ...]:
        return self.library.search(query, k=self.limit, banks=banks, reader=self.reader, filters=self.filters)

    def _description(self) -> str:
        cards = [self.library.bank(name).card() for name in self.banks[:BANKS_DESCRIBED]]
        about = "\n".join(f"- {card.name}: {card.description or card.title or card.name}" for card in cards)
        more = len(self.banks) - len(cards)
        rest = f"\n- and {more} more, searched when `bank` is left out" if more else ""
        return f"Finds passages in the documents of these banks:\n{about}{rest}"
