"""Turns work that reports as it goes into an iteration over its reports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

Item = TypeVar("Item")


class _End:
    """Comes after the last item."""


async def relayed(work: Callable[[Callable[[Item], None]], Awaitable[Any]]) -> AsyncGenerator[Item, None]:
    """Start `work`, give each item as it reports it, then raise what it raised.

    Whoever stops iterating and closes the generator cancels the work.
    """
    items: asyncio.Queue[Item | _End] = asyncio.Queue()
    task = asyncio.ensure_future(work(items.put_nowait))
    task.add_done_callback(lambda _: items.put_nowait(_End()))
    try:
        while not isinstance(item := await items.get(), _End):
            yield item
        await task
    finally:
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
