"""The client that waits for each call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeVar

import httpx

from serve.client import operations
from serve.client.events import EventLines, ServerEvent, answer_event, job_event, turn_event
from serve.client.failures import ServiceUnreachable
from serve.client.operations import Call
from serve.client.results import (
    Answer,
    Bank,
    Conversation,
    Delta,
    Document,
    DocumentSummary,
    Job,
    Message,
    Passage,
    Progress,
    Source,
)
from serve.client.sending import ADDRESS, TIMEOUT, checked, headers, last, request_of

T = TypeVar("T")


class Client:
    """A service at `base_url`, called with `key`; a fresh service on this machine needs none.

    with Client("http://127.0.0.1:8080", key="rd_...") as service:
        print(service.ask("How many days of leave do I have?").text)

    Raises `ServiceRefused` where the service says no, and `ServiceUnreachable` where nobody answers. `http` takes the
    place of the connections that it makes otherwise, and stays open.
    """

    def __init__(
        self,
        base_url: str = ADDRESS,
        *,
        key: str | None = None,
        timeout: httpx.Timeout | float = TIMEOUT,
        http: httpx.Client | None = None,
    ) -> None:
        self._owned = http is None
        self._http = http or httpx.Client(base_url=base_url, timeout=timeout)
        self._headers = headers(key)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        if self._owned:
            self._http.close()

    def ask(
        self,
        question: str,
        *,
        banks: Sequence[str] | None = None,
        history: Sequence[tuple[str, str]] = (),
        instructions: str = "",
    ) -> Answer:
        """Answer a question; `history` are pairs of a role, "user" or "assistant", and what was said."""
        return self.send(operations.ask(question, banks=banks, history=history, instructions=instructions))

    def ask_stream(
        self,
        question: str,
        *,
        banks: Sequence[str] | None = None,
        history: Sequence[tuple[str, str]] = (),
        instructions: str = "",
    ) -> Iterator[Progress | Delta | Answer]:
        """As `ask`, with what happens meanwhile; the answer is the last thing, and takes the place of the deltas."""
        call = operations.ask(question, banks=banks, history=history, instructions=instructions, stream=True)
        with self._events(call) as events:
            yield from (told for event in events if (told := answer_event(event)) is not None)

    def search(
        self,
        query: str,
        *,
        k: int = 5,
        banks: Sequence[str] | None = None,
        filters: Mapping[str, str | int | float | bool] | None = None,
        history: Sequence[str] = (),
        explain: bool = False,
    ) -> list[Passage]:
        """Find passages."""
        return self.send(operations.search(query, k=k, banks=banks, filters=filters, history=history, explain=explain))

    def banks(self) -> list[Bank]:
        """List the banks."""
        return self.send(operations.banks())

    def documents(self, bank: str) -> Iterator[DocumentSummary]:
        """All documents of a bank, fetched as they are taken."""
        offset: int | None = 0
        while offset is not None:
            found, offset = self.send(operations.documents(bank, offset=offset, limit=1000))
            yield from found

    def document(self, bank: str, id: int, *, offset: int = 0, length: int = 200_000) -> Document:
        """Read a document, or a part of it."""
        return self.send(operations.document(bank, id, offset=offset, length=length))

    def source(self, bank: str, document: int, start: int, end: int) -> Source:
        """See a span of a document where it stands."""
        return self.send(operations.source(bank, document, start, end))

    def remove_document(self, bank: str, id: int) -> DocumentSummary:
        """Remove a document."""
        return self.send(operations.remove_document(bank, id))

    def upload(self, bank: str, *files: Path | str | tuple[str, bytes]) -> str:
        """Upload files, given by path or as name and bytes; the id of the job that takes them in."""
        return self.send(operations.upload(bank, files))

    def job(self, id: str) -> Job:
        """See how far an upload is."""
        return self.send(operations.job(id))

    def jobs(self, *, bank: str | None = None, limit: int = 50) -> list[Job]:
        """List the latest uploads."""
        return self.send(operations.jobs(bank=bank, limit=limit))

    def follow(self, job: str) -> Iterator[Job]:
        """The states of an upload until it ends."""
        with self._events(operations.job_events(job)) as events:
            yield from (told for event in events if (told := job_event(event)) is not None)

    def begin(self) -> Conversation:
        """Begin a conversation, which the service keeps."""
        return self.send(operations.begin())

    def conversations(self) -> list[Conversation]:
        """List one's own conversations."""
        return self.send(operations.conversations())

    def conversation(self, id: str) -> Conversation:
        """Read a conversation."""
        return self.send(operations.conversation(id))

    def say(self, conversation: str, text: str, *, id: str = "") -> Message:
        """Ask in a conversation, and wait for the answer."""
        return last(self.say_stream(conversation, text, id=id))

    def say_stream(self, conversation: str, text: str, *, id: str = "") -> Iterator[Progress | Delta | Message]:
        """As `say`, with what happens meanwhile; the answer is the last thing, and takes the place of the deltas."""
        with self._events(operations.say(conversation, text, id=id)) as events:
            yield from (told for event in events if (told := turn_event(event)) is not None)

    def stop(self, conversation: str) -> None:
        """Give up the answer that is being written."""
        self.send(operations.stop(conversation))

    def rate(self, message: str, rating: Literal["up", "down"] | None, reason: str = "") -> None:
        """Say what one thinks of an answer; None takes it back."""
        self.send(operations.rate(message, rating, reason))

    def remove_conversation(self, id: str) -> None:
        """Delete a conversation and all that is kept of it."""
        self.send(operations.remove_conversation(id))

    def cited(self, message: str, number: int) -> Source:
        """See what a mark in a message stands for."""
        return self.send(operations.cited(message, number))

    def send(self, call: Call[T]) -> T:
        """What one call gives."""
        try:
            response = self._http.request(**request_of(call, self._headers))
        except httpx.HTTPError as error:
            raise _unreachable(self._http, error) from error
        return call.result(checked(response))

    @contextmanager
    def _events(self, call: Call[T]) -> Iterator[Iterator[ServerEvent]]:
        try:
            with self._http.stream(**request_of(call, self._headers)) as response:
                if not response.is_success:
                    response.read()
                    checked(response)
                lines = EventLines()
                yield (event for line in response.iter_lines() if (event := lines.take(line)) is not None)
        except httpx.HTTPError as error:
            raise _unreachable(self._http, error) from error


def _unreachable(http: httpx.Client, error: httpx.HTTPError) -> ServiceUnreachable:
    return ServiceUnreachable(f"{http.base_url} does not answer ({error}):", hint="check that the service runs there.")
