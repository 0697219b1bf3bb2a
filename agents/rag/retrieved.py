"""What retrieval gives, in the shape of AgentScope: documents with metadata and a score, awaited or not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, overload
from uuid import uuid4

from agents.message import TextBlock
from knowledge.types import Passage


@dataclass(frozen=True, slots=True)
class DocMetadata:
    """Where a chunk belongs: its text as a block, its document, and its place in it where that is known.

    `uri` is the file, `title` the document's name, `page` the first page it stands on, `bank` where it was found.
    """

    content: TextBlock
    doc_id: str
    chunk_id: int = 0
    total_chunks: int = 1
    uri: str = ""
    title: str = ""
    page: int | None = None
    bank: str = ""

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


@dataclass(frozen=True, slots=True)
class Document:
    """A chunk of text, to be added or as it was found; `score` is its cosine to the query, 0 where that is negative."""

    metadata: DocMetadata
    id: str = field(default_factory=lambda: uuid4().hex)
    embedding: Sequence[float] | None = None
    score: float | None = None

    @property
    def text(self) -> str:
        """The text itself."""
        return self.metadata.content["text"]

    def __str__(self) -> str:
        return self.text


class Retrieved(Sequence[Document]):
    """The documents that were found, best first: searched for when first looked at, or in a thread when awaited."""

    def __init__(self, search: Callable[[], list[Document]]) -> None:
        self._search = search
        self._lock = Lock()
        self._found: list[Document] | None = None

    def __await__(self) -> Generator[Any, None, list[Document]]:
        return asyncio.to_thread(self._all).__await__()

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[Document]:
        return iter(self._all())

    @overload
    def __getitem__(self, index: int) -> Document: ...
    @overload
    def __getitem__(self, index: slice) -> list[Document]: ...
    def __getitem__(self, index: int | slice) -> Document | list[Document]:
        return self._all()[index]

    def __repr__(self) -> str:
        return repr(self._all())

    def _all(self) -> list[Document]:
        with self._lock:
            if self._found is None:
                self._found = self._search()
            return list(self._found)


def as_document(passage: Passage) -> Document:
    """A passage as a document."""
    metadata = DocMetadata(
        content=TextBlock(type="text", text=passage.text),
        doc_id=f"{passage.bank}/{passage.document_id}",
        chunk_id=passage.chunk_id,
        uri=passage.uri,
        title=passage.title,
        page=passage.best.page_first,
        bank=passage.bank,
    )
    score = max(0.0, min(1.0, passage.scores.cosine))
    return Document(metadata, id=f"{passage.bank}/{passage.chunks}", score=score)
