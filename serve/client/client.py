"""The client that waits for each call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx

from serve.client import operations
from serve.client.events import EventLines, ServerEvent, answer_event, job_event, turn_event
from serve.client.failures import ServiceUnreachable
from serve.client.operations import Call
from serve.client.results import DocumentSummary, Message
from serve.client.sending import ADDRESS, TIMEOUT, checked, headers, last, request_of

T = TypeVar("T")
P = ParamSpec("P")


def sent(operation: Callable[P, Call[T]]) -> Callable[Concatenate[Client, P], T]:
    """The operation as a method, which sends it."""

    @wraps(operation)
    def method(client: Client, /, *given: P.args, **named: P.kwargs) -> T:
        return client.send(operation(*given, **named))

    return method


def followed(
    operation: Callable[P, Call[Any]], told: Callable[[ServerEvent], tuple[T, ...]]
) -> Callable[Concatenate[Client, P], Iterator[T]]:
    """The operation as a method, which tells what happens until it ends."""

    @wraps(operation)
    def method(client: Client, /, *given: P.args, **named: P.kwargs) -> Iterator[T]:
        with client._events(operation(*given, **named)) as events:
            yield from (one for event in events for one in told(event))

    return method


class Client:
    """A service at `base_url`, called with `key`; a fresh service on this machine needs none.

    with Client("http://127.0.0.1:8080", key="rd_...") as service:
        print(service.ask("How many days of leave do I have?").text)

    What it can do, and with which arguments, stands in `serve.client.operations`. Raises `ServiceRefused` where the
    service says no, and `ServiceUnreachable` where nobody answers. `http` takes the place of the connections that it
    makes otherwise, and stays open.
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

    ask = sent(operations.ask)
    ask_stream = followed(operations.ask_stream, answer_event)
    search = sent(operations.search)
    banks = sent(operations.banks)
    document = sent(operations.document)
    source = sent(operations.source)
    remove_document = sent(operations.remove_document)
    job = sent(operations.job)
    jobs = sent(operations.jobs)
    follow = followed(operations.job_events, job_event)
    begin = sent(operations.begin)
    conversations = sent(operations.conversations)
    conversation = sent(operations.conversation)
    say_stream = followed(operations.say, turn_event)
    stop = sent(operations.stop)
    rate = sent(operations.rate)
    remove_conversation = sent(operations.remove_conversation)
    cited = sent(operations.cited)

    def documents(self, bank: str) -> Iterator[DocumentSummary]:
        """All documents of a bank, fetched as they are taken."""
        offset: int | None = 0
        while offset is not None:
            found, offset = self.send(operations.documents(bank, offset=offset, limit=1000))
            yield from found

    def upload(self, bank: str, *files: Path | str | tuple[str, bytes]) -> str:
        """Upload files, given by path or as name and bytes; the id of the job that takes them in."""
        return self.send(operations.upload(bank, files))

    def say(self, conversation: str, text: str, *, id: str = "") -> Message:
        """Ask in a conversation, and wait for the answer."""
        return last(self.say_stream(conversation, text, id=id))

    def send(self, call: Call[T]) -> T:
        """What one call gives."""
        try:
            response = self._http.request(**request_of(call, self._headers))
        except httpx.HTTPError as error:
            raise _unreachable(self._http, error) from error
        return call.result(checked(response))

    @contextmanager
    def _events(self, call: Call[Any]) -> Iterator[Iterator[ServerEvent]]:
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
