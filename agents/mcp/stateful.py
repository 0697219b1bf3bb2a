"""A client that keeps its connection, and makes it anew when it is lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self, TypeVar

from agents.exceptions import McpError, RefdeskError
from agents.mcp.client import McpClient, Use
from agents.mcp.failures import lost, never_arrived

if TYPE_CHECKING:
    from mcp.client import Client, ClientSession

    from agents.mcp.connections import Endpoint

T = TypeVar("T")
TRIES = 4
FIRST_WAIT = 0.2
GRACE = 10.0


class StatefulClient(McpClient):
    """One connection for all requests, so that the server can keep a session.

    Opened by `connect()`, `async with`, or the first request; ended by `close()`. When the server was restarted, the
    next request connects again. A call that the server may have seen is not repeated: its loss is an `McpError`.
    """

    def __init__(self, name: str, where: str, timeout: float) -> None:
        super().__init__(name, where, timeout)
        self._client: Client | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._leave: asyncio.Event | None = None
        self._connecting: asyncio.Lock | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._endpoint: Endpoint | None = None
        self._in_flight = 0

    def endpoint(self) -> Endpoint:
        """Where the server is."""
        raise NotImplementedError

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection, as far as is known."""
        from agents.mcp.connections import is_open

        there = self._client is not None and self._keeper is not None and not self._keeper.done()
        return there and is_open(self._session)

    async def connect(self) -> None:
        """Open the connection; nothing happens where it is open. Raises `McpError`."""
        await self._ready()

    async def close(self, ignore_errors: bool = True) -> None:
        """End the connection, and the program of a server that was started. Closing twice is no error."""
        keeper, self._keeper, self._client = self._keeper, None, None
        if keeper is None:
            return
        if self._leave is not None:
            self._leave.set()
        _, running = await asyncio.wait({keeper}, timeout=GRACE)
        if running:
            keeper.cancel()
            await asyncio.wait({keeper})
        if not ignore_errors and not keeper.cancelled() and (error := keeper.exception()) is not None:
            raise self.failed(error) from error

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def use(self, action: Use[T], *, again: bool) -> T:
        """What `action` gives on the connection; after a new one where the server cannot have seen the first try."""
        session = await self._ready()
        self._in_flight += 1
        try:
            return await action(session)
        except RefdeskError:
            raise
        except Exception as error:  # the edge to foreign code, which raises groups of whatever went wrong
            if not lost(error):
                raise self.failed(error) from error
            # With others under way, which of them was refused is not known.
            refused = self._in_flight == 1 and self._endpoint is not None and self._endpoint.refused()
            await self.close()
            if not (again or refused or never_arrived(error)):
                raise McpError(
                    f"The connection to the MCP server {self.name} was lost during the call:",
                    hint="whether it was carried out is not known; the next call connects again.",
                ) from error
        finally:
            self._in_flight -= 1
        session = await self._ready()
        try:
            return await action(session)
        except Exception as error:  # as above
            raise self.failed(error) from error

    @property
    def _session(self) -> ClientSession:
        assert self._client is not None
        return self._client.session

    async def _ready(self) -> ClientSession:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # What belongs to a loop that is gone is gone with it.
            if self.is_connected and self._loop is not None and self._loop.is_running():
                raise McpError(
                    f"The client of {self.name} is connected in another event loop:",
                    hint="make one client for each, or a stateless one.",
                )
            self._loop, self._connecting, self._keeper, self._client = loop, asyncio.Lock(), None, None
        assert self._connecting is not None
        async with self._connecting:
            if not self.is_connected:
                await self.close()
                await self._open()
            return self._session

    async def _open(self) -> None:
        """Connect, patiently where the server is just being started again."""
        for attempt in range(TRIES):
            try:
                await self._open_once()
            except Exception as error:  # the edge to foreign code, as above
                if attempt == TRIES - 1 or not never_arrived(error):
                    raise self.failed(error) from error
            else:
                return
            await asyncio.sleep(FIRST_WAIT * 2**attempt)

    async def _open_once(self) -> None:
        opened: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._leave = asyncio.Event()
        self._keeper = asyncio.create_task(self._keep(opened, self._leave), name=f"mcp {self.name}")
        try:
            waited: set[asyncio.Future[Any]] = {opened, self._keeper}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._keeper.cancel()
            raise
        if opened.done():
            self._client = opened.result()
        else:
            keeper, self._keeper = self._keeper, None
            await keeper
            raise McpError(f"The MCP server {self.name} closed the connection.")

    async def _keep(self, opened: asyncio.Future[Client], leave: asyncio.Event) -> None:
        """Hold the connection open; it must be closed by the task that opened it."""
        from agents.mcp.connections import connected

        self._endpoint = self.endpoint()
        async with connected(self._endpoint, "auto", self.timeout) as client:
            opened.set_result(client)
            await leave.wait()
