"""What a service gives, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass
from datetime import datetime
from types import UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Citation:
    """Words of a document; `number` is their mark in the text. `document` is 0 where the service does not tell it."""

    number: int
    title: str
    bank: str
    uri: str
    page: int | None
    headings: tuple[str, ...]
    quote: str
    start: int
    end: int
    kind: Literal["pdf", "text"]
    document: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: Markdown with marks such as [1], and what it rests on; `message` is its id, to rate it by."""

    text: str
    abstained: bool
    confidence: float | None
    citations: tuple[Citation, ...]
    closest: tuple[Citation, ...]
    followups: tuple[str, ...]
    understood: str
    escalate: bool
    model: str | None
    host: str | None
    conversation: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """What the service is doing."""

    stage: str
    label: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delta:
    """More of an answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that was found; `scores` are the parts of its score, where they were asked for."""

    bank: str
    document: int
    title: str
    uri: str
    text: str
    start: int
    end: int
    headings: tuple[str, ...]
    page: int | None
    metadata: Mapping[str, Any]
    score: float
    scores: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Bank:
    """A bank, with what the caller may read of it counted."""

    name: str
    title: str
    description: str
    documents: int
    chunks: int
    embedder: str


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """A document without its text."""

    id: int
    title: str
    uri: str
    media_type: str
    chunks: int
    allow: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """A page of a document: its number and its span in the text."""

    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Document:
    """A document; `text` is the part of it that begins at `offset`, `length` that of the whole."""

    id: int
    bank: str
    title: str
    uri: str
    media_type: str
    metadata: Mapping[str, Any]
    pages: tuple[DocumentPage, ...]
    text: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Box:
    """A box on a page, in fractions of the page from its upper left corner."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Source:
    """What a citation shows; `file` is the address of the PDF below that of the service, where there is one."""

    kind: Literal["pdf", "text"]
    title: str
    uri: str
    page: int | None
    pages: int | None
    headings: tuple[str, ...]
    quote: str
    text: str
    offset: int
    start: int
    end: int
    file: str | None
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of an uploaded file; `reason` says why it failed."""

    name: str
    outcome: str
    title: str
    chunks: int
    reason: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """An upload on its way into a bank; `detail` says in a sentence how far it is."""

    id: str
    bank: str
    state: Literal["queued", "running", "done", "failed"]
    detail: str
    done: int
    total: int
    chunks: int
    created: datetime
    finished: datetime | None
    results: tuple[FileResult, ...]

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ("done", "failed")


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that was said in a conversation."""

    id: str
    role: Literal["user", "assistant", "agent", "system"]
    text: str
    author: str
    created: datetime
    status: str
    abstained: bool
    confidence: float | None
    citations: tuple[Citation, ...]
    closest: tuple[Citation, ...]
    followups: tuple[str, ...]
    model: str | None
    host: str | None


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation; `messages` is empty where it is only listed."""

    id: str
    title: str
    state: str
    created: datetime
    messages: tuple[Message, ...] = ()


def parsed(kind: type[T], given: Mapping[str, Any]) -> T:
    """JSON as a dataclass; what this version does not know is left out, so that a later service may say more."""
    hints = get_type_hints(kind)
    return kind(**{name: parsed_value(hints[name], given[name]) for name in hints if name in given})


def parsed_value(kind: Any, given: Any) -> Any:
    """One value as its annotation has it."""
    if given is None:
        return None
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return parsed_value(next(one for one in arguments if one is not type(None)), given)
    if origin is tuple:
        return tuple(parsed_value(arguments[0], one) for one in given)
    if kind is datetime:
        return datetime.fromisoformat(given)
    return parsed(kind, given) if is_dataclass(kind) and isinstance(kind, type) else given
