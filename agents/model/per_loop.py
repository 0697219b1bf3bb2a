"""One object for each event loop, for clients whose connections belong to the loop that opened them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from threading import Lock
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary, finalize

Client = TypeVar("Client")
Close = Callable[[Client], Coroutine[Any, Any, None]]


class PerLoop(Generic[Client]):
    """Makes a client for each loop that asks, keeps it for the next call, and closes it when the loop shuts down.

    A loop shuts down its asynchronous generators before it closes, as `asyncio.run` does; a suspended one holds the
    client and closes it then. When this object is no longer used, its clients are closed in their loops.
    """

    def __init__(self, make: Callable[[], Client], close: Close[Client]) -> None:
        self._make = make
        self._close = close
        self._lock = Lock()
        self._held: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[Client, AsyncGenerator[None, None]]] = (
            WeakKeyDictionary()
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Elsewhere it has no clients yet."""
        return PerLoop, (self._make, self._close)

    async def get(self) -> Client:
        """The client of the running loop."""
        loop = asyncio.get_running_loop()
        with self._lock:
            held = self._held.get(loop)
            if held is not None:
                return held[0]
            for closed in [known for known in self._held if known.is_closed()]:
                del self._held[closed]
            client = self._make()
            # The finalizer keeps the client alive until it is closed: collected in a cycle, it would complain.
            let_go = finalize(self, _close_in, loop, client, self._close)
            let_go.atexit = False
            keeper = _closing(client, self._close, let_go)
            self._held[loop] = (client, keeper)
        await anext(keeper)
        return client


async def _closing(client: Client, close: Close[Client], let_go: finalize[Any, Any]) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        let_go.detach()
        await close(client)


def _close_in(loop: asyncio.AbstractEventLoop, client: Client, close: Close[Client]) -> None:
    if not loop.is_closed():
        asyncio.run_coroutine_threadsafe(close(client), loop)
