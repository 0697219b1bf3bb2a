"""What the catalog's rows are when they are read: documents, their places, and chunks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from knowledge.types import MetadataValue, PageSpan, Passage, Scores


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """A live document without its text, as the place that is shown has it; `allow` holds the roles of that place."""

    id: int
    title: str
    uri: str
    media_type: str
    chunks: int
    allow: frozenset[str]


@dataclass(frozen=True, slots=True)
class Shown:
    """The place of a document that a reader is shown, and what it is called there."""

    uri: str
    title: str


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """A chunk of a live document, as a passage needs it; what the document is called depends on the reader."""

    id: int
    document_id: int
    ordinal: int
    tokens: int
    text: str
    start: int
    end: int
    headings: tuple[str, ...]
    page_first: int | None
    page_last: int | None
    pages: tuple[PageSpan, ...]
    metadata: Mapping[str, MetadataValue]

    def passage(self, bank: str, scores: Scores, place: Shown) -> Passage:
        """What a reader is shown of it."""
        return Passage(
            chunk_id=self.id,
            document_id=self.document_id,
            bank=bank,
            title=place.title,
            uri=place.uri,
            text=self.text,
            start=self.start,
            end=self.end,
            headings=self.headings,
            page_first=self.page_first,
            page_last=self.page_last,
            pages=self.pages,
            metadata=self.metadata,
            scores=scores,
        )
