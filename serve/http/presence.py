"""Whether whoever asks is still there: nobody else would hear an answer that is not streamed."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from serve.asking.once import Once
from serve.http.failures import Refused
from serve.turns.reply import Reply

# What nginx calls it; nobody is left who would read it but the log.
GONE = 499


async def reply_to(request: Request, once: Once) -> Reply:
    """The answer; raises `Refused` once its asker has left, and what keeps it from being one."""
    leaving = asyncio.create_task(_left(request))
    waiting = asyncio.create_task(once.reply())
    try:
        await asyncio.wait({leaving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            return waiting.result()
        raise Refused(GONE, "gone", "Whoever asked has left.")
    finally:
        leaving.cancel()
        waiting.cancel()


async def _left(request: Request) -> None:
    """Returns when the connection ends; the request's body was read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
