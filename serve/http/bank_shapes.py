"""Banks and their documents as the interface shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from knowledge.bank import KnowledgeBank
from knowledge.storage.rows import DocumentSummary
from knowledge.types import Document, MetadataValue, Reader
from serve.sources.showing import shown_uri

DOCUMENT: dict[str, Any] = {
    "id": 3,
    "title": "Leave",
    "uri": "hr/leave.md",
    "media_type": "text/markdown",
    "chunks": 2,
    "allow": ["public"],
}


class BankShape(BaseModel):
    """A bank, with what the caller may read of it counted."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "hr",
                    "title": "People",
                    "description": "Leave, sick days and pay.",
                    "documents": 12,
                    "chunks": 80,
                    "embedder": "all-MiniLM-L6-v2",
                }
            ]
        }
    )

    name: str
    title: str
    description: str
    documents: int
    chunks: int
    embedder: str = Field(description="The embedding model that the bank was made with.")


class BanksShape(BaseModel):
    """The banks that the service answers from."""

    banks: list[BankShape]


class DocumentSummaryShape(BaseModel):
    """A document without its text."""

    model_config = ConfigDict(json_schema_extra={"examples": [DOCUMENT]})

    id: int
    title: str
    uri: str
    media_type: str
    chunks: int
    allow: list[str] = Field(description="The roles that may read it; everybody holds `public`.")


class DocumentsShape(BaseModel):
    """A page of a list of documents."""

    documents: list[DocumentSummaryShape]
    total: int = Field(description="How many documents there are in all.")
    next: int | None = Field(description="The `offset` of the next page; null on the last one.")


class PageShape(BaseModel):
    """A page of a document: its number and its span in the text."""

    number: int
    start: int
    end: int


class DocumentShape(BaseModel):
    """A document with its text, or the part of it that was asked for."""

    id: int
    bank: str
    title: str
    uri: str
    media_type: str
    metadata: dict[str, MetadataValue]
    pages: list[PageShape]
    text: str
    offset: int = Field(description="Where `text` begins in the document, in Unicode code points.")
    length: int = Field(description="How long the whole text is.")


class RemovedShape(BaseModel):
    """What was removed."""

    removed: DocumentSummaryShape
    note: str = Field(description="What brings it back, if anything does.")


def bank_shape(bank: KnowledgeBank, reader: Reader) -> BankShape:
    """A bank as a reader sees it."""
    card, visible = bank.card(), bank.documents(reader=reader)
    return BankShape(
        name=bank.name,
        title=card.title or bank.name,
        description=card.description,
        documents=len(visible),
        chunks=sum(document.chunks for document in visible),
        embedder=card.embedder.model,
    )


def summary_shape(document: DocumentSummary, root: Path) -> DocumentSummaryShape:
    """A document as a list shows it."""
    return DocumentSummaryShape(
        id=document.id,
        title=document.title,
        uri=shown_uri(document.uri, root),
        media_type=document.media_type,
        chunks=document.chunks,
        allow=sorted(document.allow),
    )


def document_shape(document: Document, offset: int, length: int, root: Path) -> DocumentShape:
    """The part of a document that begins at `offset`."""
    return DocumentShape(
        id=document.id,
        bank=document.bank,
        title=document.title,
        uri=shown_uri(document.uri, root),
        media_type=document.media_type,
        metadata=dict(document.metadata),
        pages=[PageShape(number=page.number, start=page.start, end=page.end) for page in document.pages],
        text=document.text[offset : offset + length],
        offset=offset,
        length=len(document.text),
    )
