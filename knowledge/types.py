"""The words of the system as data: what goes into a bank and what comes out of it.

Every character span counts Unicode code points in the text of one document: `text[start:end]`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
    Matrix = NDArray[np.float32]

PUBLIC = "public"
# Characters nobody sees: zero-width spaces and joiners outside emoji, soft hyphens, direction overrides.
INVISIBLE = re.compile("[\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
MetadataValue = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks. Everyone holds the role `public`; other roles open what is reserved for them."""

    roles: frozenset[str] = frozenset()

    def may_read(self, allow: frozenset[str]) -> bool:
        """Whether a place that is open to the roles `allow` is open to this reader."""
        return PUBLIC in allow or not allow.isdisjoint(self.roles)


ANYONE = Reader()


@dataclass(frozen=True, slots=True)
class PageSpan:
    """One page of a paginated document: its number, from 1, and its span in the text."""

    number: int
    start: int
    end: int


def indexed(prefix: str, text: str) -> str:
    """A text under its prefix as it is indexed: characters that nobody sees would only hide words."""
    whole = f"{prefix}\n{text}" if prefix else text
    return whole if whole.isascii() else INVISIBLE.sub("", whole)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A contiguous span of a document's text, the unit that is indexed.

    `prefix` (title and heading path, the header of a continued table) is embedded and indexed
    together with the text, and never quoted. `tokens` counts prefix, text and special tokens
    in the bank's embedder's own tokens.
    """

    start: int
    end: int
    text: str
    prefix: str
    headings: tuple[str, ...] = ()
    page_first: int | None = None
    page_last: int | None = None
    tokens: int = 0

    @property
    def indexed_text(self) -> str:
        """What the embedder and the lexical index see."""
        return indexed(self.prefix, self.text)


@dataclass(frozen=True, slots=True)
class NewPlace:
    """Where a document stands: one file of a source, or one address; access and title belong to the place.

    Without a `title` the place takes the one that the document is committed with.
    """

    source_id: int
    uri: str
    allow: frozenset[str] = frozenset({PUBLIC})
    size: int = 0
    mtime_ns: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True)
class Place(NewPlace):
    """A recorded place and the document that stands there."""

    id: int = 0
    document_id: int = 0
    content_key: str = ""


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document ready to be committed: parsed, chunked and embedded.

    `content_key` names the bytes and the way they were read (SHA-256 of the bytes, parser and
    chunking fingerprint); two documents with one key are the same document. `title` is what it is indexed under,
    `own_title` what the bytes alone say, "" where they say nothing and None where that is `title`.
    `vectors` is float32 of shape (len(chunks), dimension), rows of unit length.
    """

    content_key: str
    title: str
    text: str
    media_type: str
    chunks: tuple[Chunk, ...]
    vectors: Matrix
    places: tuple[NewPlace, ...]
    pages: tuple[PageSpan, ...] = ()
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    own_title: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A live document as a reader sees it: `uri` is a place that this reader may see, `title` its title there."""

    id: int
    bank: str
    title: str
    text: str
    uri: str
    media_type: str
    pages: tuple[PageSpan, ...]
    metadata: Mapping[str, MetadataValue]

    def page_at(self, offset: int) -> int | None:
        """The number of the page on which the character at `offset` stands, if there are pages."""
        for page in self.pages:
            if page.start <= offset < page.end:
                return page.number
        earlier = [page.number for page in self.pages if page.start <= offset]
        return earlier[-1] if earlier else (self.pages[0].number if self.pages else None)


@dataclass(frozen=True, slots=True)
class Scores:
    """Why a passage stands where it does.

    `cosine` and `bm25` are raw; `dense` and `lexical` are the same scaled to 0..1 within the
    query; `link` is what a title link from another hit added, `document` what the rest of the document did: a share of
    the best score in it, and of how well its words as a whole fit; `rerank` is what the bank's reranker moved the total
    by, up or down; `total` orders the passages.
    """

    total: float
    cosine: float
    bm25: float
    dense: float
    lexical: float
    link: float = 0.0
    document: float = 0.0
    rerank: float = 0.0

    @property
    def own(self) -> float:
        """The total without what the rest of the document gave to it and what a reranker moved it by."""
        return self.total - self.rerank - self.document


@dataclass(frozen=True, slots=True)
class Citation:
    """Words of a document and where they stand: `document.text[start:end] == quote`."""

    bank: str
    document_id: int
    title: str
    uri: str
    start: int
    end: int
    quote: str
    page: int | None = None
    headings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A chunk within a passage of two: its id, its span in the document, and the page that it begins on."""

    chunk_id: int
    start: int
    end: int
    page_first: int | None


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk found for a query, with its scores and the place that the reader may see.

    Or two chunks that follow on one another: `parts` are these then, in the document's order, and else empty;
    `chunk_id` and `scores` are those of the better one, but for the cosine, which is the higher of both.
    """

    chunk_id: int
    document_id: int
    bank: str
    title: str
    uri: str
    text: str
    start: int
    end: int
    headings: tuple[str, ...]
    page_first: int | None
    page_last: int | None
    pages: tuple[PageSpan, ...]
    metadata: Mapping[str, MetadataValue]
    scores: Scores
    parts: tuple[Part, ...] = ()

    @property
    def best(self) -> Part:
        """The chunk that was found; of two the better one."""
        whole = Part(self.chunk_id, self.start, self.end, self.page_first)
        return next((part for part in self.parts if part.chunk_id == self.chunk_id), whole)

    @property
    def chunks(self) -> str:
        """The id of its chunk, or those of both: what tells it from every other passage of the bank."""
        return "-".join(str(part.chunk_id) for part in self.parts) or str(self.chunk_id)

    def cite(self, start: int, end: int) -> Citation:
        """A citation of the span `start:end` of the document, which must lie in this passage."""
        if not self.start <= start < end <= self.end:
            raise ValueError(f"span {start}:{end} lies outside the passage {self.start}:{self.end}")
        page = next((p.number for p in self.pages if p.start <= start < p.end), self.page_first)
        quote = self.text[start - self.start : end - self.start]
        return Citation(self.bank, self.document_id, self.title, self.uri, start, end, quote, page, self.headings)


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """One sentence of an answer and what supports it; without citations it is unsupported.

    `rank` is its place, from 1, among the sentences of an extractive answer by how well they answer; a model's are not
    ranked, and have 0. `phrase` are the characters `start:end` of `text` that answer by themselves, if that is clear.
    """

    text: str
    citations: tuple[Citation, ...]
    rank: int = 0
    phrase: tuple[int, int] | None = None

    @property
    def parts(self) -> tuple[str, str, str]:
        """The text before the phrase, the phrase, and the text behind it; two empty ones behind a text without."""
        start, end = self.phrase or (len(self.text), len(self.text))
        return self.text[:start], self.text[start:end], self.text[end:]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered and why it may be believed.

    `model` and `host` are None for an extractive answer. `closest` holds the nearest passages,
    best first, whether the answer abstains or not. `confidence` is a raw score in 0..1.
    `timings` gives seconds per stage.
    """

    question: str
    text: str
    sentences: tuple[AnswerSentence, ...]
    abstained: bool
    confidence: float
    closest: tuple[Passage, ...]
    banks: tuple[str, ...]
    model: str | None = None
    host: str | None = None
    dropped: tuple[str, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The citations of all sentences, in order, each once."""
        return tuple(dict.fromkeys(citation for sentence in self.sentences for citation in sentence.citations))

    @property
    def phrase(self) -> str:
        """The words of its sentences that answer by themselves; empty where that is not clear."""
        return next((sentence.parts[1] for sentence in self.sentences if sentence.phrase), "")
