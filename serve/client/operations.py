"""The calls of a service as data: each function makes one, and both clients send it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote
from uuid import uuid4

from serve.client.results import (
    Answer,
    Bank,
    Conversation,
    Document,
    DocumentSummary,
    Job,
    Passage,
    Source,
    parsed,
)

T = TypeVar("T")
Files = Sequence[tuple[str, tuple[str, bytes]]]


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request: `template` is the path as the OpenAPI document has it, `values` what stands in its braces."""

    method: str
    template: str
    result: Callable[[Any], T]
    values: Mapping[str, str | int] = field(default_factory=dict)
    query: Mapping[str, str | int] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    files: Files = ()
    streams: bool = False

    @property
    def path(self) -> str:
        """The path with its values."""
        return self.template.format(**{name: quote(str(value), safe="") for name, value in self.values.items()})


def ask(
    question: str,
    *,
    banks: Sequence[str] | None = None,
    history: Sequence[tuple[str, str]] = (),
    instructions: str = "",
) -> Call[Answer]:
    """Answer a question; `history` are pairs of a role, "user" or "assistant", and what was said."""
    body: dict[str, Any] = {"question": question, "stream": False}
    if banks is not None:
        body["banks"] = list(banks)
    if history:
        body["history"] = [{"role": role, "text": text} for role, text in history]
    if instructions:
        body["instructions"] = instructions
    return Call("POST", "/api/ask", _one(Answer), body=body)


def ask_stream(
    question: str,
    *,
    banks: Sequence[str] | None = None,
    history: Sequence[tuple[str, str]] = (),
    instructions: str = "",
) -> Call[Answer]:
    """As `ask`, with what happens meanwhile; the answer is the last thing, and takes the place of the deltas."""
    call = ask(question, banks=banks, history=history, instructions=instructions)
    return replace(call, body={**(call.body or {}), "stream": True}, streams=True)


def search(
    query: str,
    *,
    k: int = 5,
    banks: Sequence[str] | None = None,
    filters: Mapping[str, str | int | float | bool] | None = None,
    history: Sequence[str] = (),
    explain: bool = False,
) -> Call[list[Passage]]:
    """Find passages."""
    body: dict[str, Any] = {"query": query, "k": k, "explain": explain}
    if banks is not None:
        body["banks"] = list(banks)
    if filters:
        body["filters"] = dict(filters)
    if history:
        body["history"] = list(history)
    return Call("POST", "/api/search", _several(Passage, "passages"), body=body)


def banks() -> Call[list[Bank]]:
    """List the banks."""
    return Call("GET", "/api/banks", _several(Bank, "banks"))


def documents(bank: str, *, offset: int = 0, limit: int = 100) -> Call[tuple[list[DocumentSummary], int | None]]:
    """List documents of a bank from `offset` on, with the offset of those that follow."""
    return Call(
        "GET",
        "/api/banks/{bank}/documents",
        lambda given: (_several(DocumentSummary, "documents")(given), given["next"]),
        {"bank": bank},
        {"offset": offset, "limit": limit},
    )


def document(bank: str, id: int, *, offset: int = 0, length: int = 200_000) -> Call[Document]:
    """Read a document, or a part of it."""
    query = {"offset": offset, "length": length}
    return Call("GET", "/api/banks/{bank}/documents/{id}", _one(Document), {"bank": bank, "id": id}, query)


def source(bank: str, document: int, start: int, end: int) -> Call[Source]:
    """See a span of a document where it stands."""
    values: dict[str, str | int] = {"bank": bank, "id": document}
    query = {"start": start, "end": end}
    return Call("GET", "/api/banks/{bank}/documents/{id}/source", _one(Source), values, query)


def remove_document(bank: str, id: int) -> Call[DocumentSummary]:
    """Remove a document."""
    return Call(
        "DELETE",
        "/api/banks/{bank}/documents/{id}",
        lambda given: parsed(DocumentSummary, given["removed"]),
        {"bank": bank, "id": id},
    )


def upload(bank: str, files: Sequence[Path | str | tuple[str, bytes]]) -> Call[str]:
    """Upload files, given by path or as name and bytes; the id of the job that takes them in."""
    read = [one if isinstance(one, tuple) else (Path(one).name, Path(one).read_bytes()) for one in files]
    sent = [("file", one) for one in read]
    return Call("POST", "/api/uploads", lambda given: str(given["job"]), query={"bank": bank}, files=sent)


def job(id: str) -> Call[Job]:
    """See how far an upload is."""
    return Call("GET", "/api/jobs/{id}", _one(Job), {"id": id})


def jobs(*, bank: str | None = None, limit: int = 50) -> Call[list[Job]]:
    """List the latest uploads."""
    query: dict[str, str | int] = {"limit": limit} | ({"bank": bank} if bank is not None else {})
    return Call("GET", "/api/jobs", _several(Job, "jobs"), query=query)


def job_events(id: str) -> Call[Job]:
    """The states of an upload until it ends."""
    return Call("GET", "/api/jobs/{id}/events", _one(Job), {"id": id}, streams=True)


def begin() -> Call[Conversation]:
    """Begin a conversation, which the service keeps."""
    return Call("POST", "/api/conversations", _one(Conversation), body={})


def conversations() -> Call[list[Conversation]]:
    """List one's own conversations."""
    return Call("GET", "/api/conversations", lambda given: [parsed(Conversation, one) for one in given])


def conversation(id: str) -> Call[Conversation]:
    """Read a conversation."""
    return Call("GET", "/api/conversations/{id}", _one(Conversation), {"id": id})


def say(conversation: str, text: str, *, id: str = "") -> Call[None]:
    """Ask in a conversation, and hear what happens meanwhile; the answer is the last thing.

    With an `id` of one's own it may be sent again and still is one question.
    """
    body = {"id": id or uuid4().hex, "text": text}
    return Call("POST", "/api/conversations/{id}/messages", _nothing, {"id": conversation}, body=body, streams=True)


def stop(conversation: str) -> Call[None]:
    """Give up the answer that is being written."""
    return Call("POST", "/api/conversations/{id}/stop", _nothing, {"id": conversation})


def rate(message: str, rating: Literal["up", "down"] | None, reason: str = "") -> Call[None]:
    """Say what one thinks of an answer: "up", "down" or None, which takes it back."""
    body = {"rating": rating, "reason": reason}
    return Call("POST", "/api/messages/{id}/feedback", _nothing, {"id": message}, body=body)


def remove_conversation(id: str) -> Call[None]:
    """Delete a conversation and all that is kept of it."""
    return Call("DELETE", "/api/conversations/{id}", _nothing, {"id": id})


def cited(message: str, number: int) -> Call[Source]:
    """See what a mark in a message stands for."""
    template = "/api/messages/{id}/citations/{number}/source"
    return Call("GET", template, _one(Source), {"id": message, "number": number})


def _one(kind: type[T]) -> Callable[[Any], T]:
    return lambda given: parsed(kind, given)


def _several(kind: type[T], name: str) -> Callable[[Any], list[T]]:
    return lambda given: [parsed(kind, one) for one in given[name]]


def _nothing(_: Any) -> None:
    return None
