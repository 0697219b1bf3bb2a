"""Opens connections to MCP servers by the protocol's own package."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

import httpx2
from mcp.client import Client
from mcp.client.sse import sse_client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types.version import HANDSHAKE_PROTOCOL_VERSIONS

if TYPE_CHECKING:
    from mcp.client._transport import Transport, TransportStreams
    from mcp.client.session import ClientSession

Way = Literal["streamable_http", "sse"]
MOST_OF_A_LOG = 2_000


class Endpoint(Protocol):
    """Where a server is, and how it is spoken to."""

    def transport(self) -> AbstractAsyncContextManager[Any]:
        """A new connection, not yet open."""
        ...

    def said(self) -> str:
        """What the server wrote beside the protocol, for its failures."""
        ...

    def refused(self) -> bool:
        """Whether the last request found nobody to take it."""
        ...


@dataclass(frozen=True)
class HttpEndpoint:
    """A server at an address. Proxies and SSL_CERT_FILE are taken from the environment; names resolve in Python."""

    url: str
    way: Way
    headers: Mapping[str, str]
    timeout: float
    read_timeout: float
    refusals: list[Exception] = field(default_factory=list)

    def transport(self) -> AbstractAsyncContextManager[Any]:
        if self.way == "sse":
            return sse_client(self.url, dict(self.headers), self.timeout, self.read_timeout)
        return self._streamable()

    def said(self) -> str:
        return ""

    def refused(self) -> bool:
        return bool(self.refusals)

    @asynccontextmanager
    async def _streamable(self) -> AsyncIterator[TransportStreams]:
        limits = httpx2.Timeout(self.timeout, read=self.read_timeout)
        async with (
            _Noting(headers=dict(self.headers), timeout=limits, refusals=self.refusals) as client,
            streamable_http_client(self.url, http_client=client) as streams,
        ):
            yield streams


@dataclass(frozen=True)
class StdioEndpoint:
    """A server that is started as a program, and ended with its connection."""

    command: str
    args: Sequence[str]
    env: Mapping[str, str]
    cwd: str | None
    words: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def transport(self) -> AsyncIterator[TransportStreams]:
        parameters = StdioServerParameters(
            command=self.command, args=list(self.args), env=dict(self.env), cwd=Path(self.cwd) if self.cwd else None
        )
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
            try:
                async with stdio_client(parameters, errlog=log) as streams:
                    yield streams
            finally:
                log.seek(0)
                self.words.append(log.read()[-MOST_OF_A_LOG:].strip())

    def said(self) -> str:
        return "".join(self.words[-1:])

    def refused(self) -> bool:
        return False


class _Noting(httpx2.AsyncClient):
    """Notes that a connection was refused, which the protocol's package reports as one that was lost."""

    def __init__(self, *, headers: dict[str, str], timeout: httpx2.Timeout, refusals: list[Exception]) -> None:
        super().__init__(headers=headers, timeout=timeout)
        self._refusals = refusals

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        self._refusals.clear()
        try:
            return await super().send(request, **options)
        except httpx2.ConnectError as error:
            self._refusals.append(error)
            raise


@asynccontextmanager
async def connected(endpoint: Endpoint, mode: str, timeout: float) -> AsyncIterator[Client]:
    """A client that has shaken hands within `timeout` seconds."""
    client = Client(cast("Transport", endpoint.transport()), mode=mode, cache=None)
    async with asyncio.timeout(timeout) as limit, client:
        limit.reschedule(None)
        yield client


def mode_after(client: Client) -> str:
    """How to greet the same server the next time, so that it is not asked again which version it speaks."""
    return "legacy" if client.protocol_version in HANDSHAKE_PROTOCOL_VERSIONS else "auto"


def is_open(session: ClientSession) -> bool:
    """Whether the other end still was there when last heard of."""
    return not getattr(getattr(session, "_dispatcher", None), "_closed", False)
