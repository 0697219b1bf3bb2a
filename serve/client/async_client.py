"""The client whose calls are awaited."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
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


class AsyncClient:
    """A service at `base_url`, called with `key`; a fresh service on this machine needs none.

    async with AsyncClient("http://127.0.0.1:8080", key="rd_...") as service:
        print((await service.ask("How many days of leave do I have?")).text)

    Raises `ServiceRefused` where the service says no, and `ServiceUnreachable` where nobody answers. `http` takes the
    place of the connections that it makes otherwise, and stays open.
    """

    def __init__(
        self,
        base_url: str = ADDRESS,
        *,
        key: str | None = None,
        timeout: httpx.Timeout | float = TIMEOUT,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._owned = http is None
        self._http = http or httpx.AsyncClient(base_url=base_url, timeout=timeout)
        self._headers = headers(key)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the connections back."""
        if self._owned:
            await self._http.aclose()

    async def ask(
        self,
        question: str,
        *,
        banks: Sequence[str] | None = None,
        history: Sequence[tuple[str, str]] = (),
        instructions: str = "",
    ) -> Answer:
        """Answer a question; `history` are pairs of a role, "user" or "assistant", and what was said."""
        return await self.send(operations.ask(question, banks=banks, history=history, instructions=instructions))

    async def ask_stream(
        self,
        question: str,
        *,
        banks: Sequence[str] | None = None,
        history: Sequence[tuple[str, str]] = (),
        instructions: str = "",
    ) -> AsyncIterator[Progress | Delta | Answer]:
        """As `ask`, with what happens meanwhile; the answer is the last thing, and takes the place of the deltas."""
        call = operations.ask(question, banks=banks, history=history, instructions=instructions, stream=True)
        async with self._events(call) as events:
            async for event in events:
                if (told := answer_event(event)) is not None:
                    yield told

    async def search(
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
        return await self.send(
            operations.search(query, k=k, banks=banks, filters=filters, history=history, explain=explain)
        )

    async def banks(self) -> list[Bank]:
        """List the banks."""
        return await self.send(operations.banks())

    async def documents(self, bank: str) -> AsyncIterator[DocumentSummary]:
        """All documents of a bank, fetched as they are taken."""
        offset: int | None = 0
        while offset is not None:
            found, offset = await self.send(operations.documents(bank, offset=offset, limit=1000))
            for one in found:
                yield one

    async def document(self, bank: str, id: int, *, offset: int = 0, length: int = 200_000) -> Document:
        """Read a document, or a part of it."""
        return await self.send(operations.document(bank, id, offset=offset, length=length))

    async def source(self, bank: str, document: int, start: int, end: int) -> Source:
        """See a span of a document where it stands."""
        return await self.send(operations.source(bank, document, start, end))

    async def remove_document(self, bank: str, id: int) -> DocumentSummary:
        """Remove a document."""
        return await self.send(operations.remove_document(bank, id))

    async def upload(self, bank: str, *files: Path | str | tuple[str, bytes]) -> str:
        """Upload files, given by path or as name and bytes; the id of the job that takes them in."""
        return await self.send(operations.upload(bank, files))

    async def job(self, id: str) -> Job:
        """See how far an upload is."""
        return await self.send(operations.job(id))

    async def jobs(self, *, bank: str | None = None, limit: int = 50) -> list[Job]:
        """List the latest uploads."""
        return await self.send(operations.jobs(bank=bank, limit=limit))

    async def follow(self, job: str) -> AsyncIterator[Job]:
        """The states of an upload until it ends."""
        async with self._events(operations.job_events(job)) as events:
            async for event in events:
                if (told := job_event(event)) is not None:
                    yield told

    async def begin(self) -> Conversation:
        """Begin a conversation, which the service keeps."""
        return await self.send(operations.begin())

    async def conversations(self) -> list[Conversation]:
        """List one's own conversations."""
        return await self.send(operations.conversations())

    async def conversation(self, id: str) -> Conversation:
        """Read a conversation."""
        return await self.send(operations.conversation(id))

    async def say(self, conversation: str, text: str, *, id: str = "") -> Message:
        """Ask in a conversation, and wait for the answer."""
        return last([told async for told in self.say_stream(conversation, text, id=id)])

    async def say_stream(
        self, conversation: str, text: str, *, id: str = ""
    ) -> AsyncIterator[Progress | Delta | Message]:
        """As `say`, with what happens meanwhile; the answer is the last thing, and takes the place of the deltas."""
        async with self._events(operations.say(conversation, text, id=id)) as events:
            async for event in events:
                if (told := turn_event(event)) is not None:
                    yield told

    async def stop(self, conversation: str) -> None:
        """Give up the answer that is being written."""
        await self.send(operations.stop(conversation))

    async def rate(self, message: str, rating: Literal["up", "down"] | None, reason: str = "") -> None:
        """Say what one thinks of an answer; None takes it back."""
        await self.send(operations.rate(message, rating, reason))

    async def remove_conversation(self, id: str) -> None:
        """Delete a conversation and all that is kept of it."""
        await self.send(operations.remove_conversation(id))

    async def cited(self, message: str, number: int) -> Source:
        """See what a mark in a message stands for."""
        return await self.send(operations.cited(message, number))

    async def send(self, call: Call[T]) -> T:
        """What one call gives."""
        try:
            response = await self._http.request(**request_of(call, self._headers))
        except httpx.HTTPError as error:
            raise _unreachable(self._http, error) from error
        return call.result(checked(response))

    @asynccontextmanager
    async def _events(self, call: Call[T]) -> AsyncIterator[AsyncIterator[ServerEvent]]:
        try:
            async with self._http.stream(**request_of(call, self._headers)) as response:
                if not response.is_success:
                    await response.aread()
                    checked(response)
                lines = EventLines()
                yield (event async for line in response.aiter_lines() if (event := lines.take(line)) is not None)
        except httpx.HTTPError as error:
            raise _unreachable(self._http, error) from error


def _unreachable(http: httpx.AsyncClient, error: httpx.HTTPError) -> ServiceUnreachable:
    return ServiceUnreachable(f"{http.base_url} does not answer ({error}):", hint="check that the service runs there.")
