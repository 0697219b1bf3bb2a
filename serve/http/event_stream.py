"""Server-sent events: one frame for each, and a stream that counts among those of its caller."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from serve.security.identity import Caller
from serve.security.streams import Streams

PING = b": ping\n\n"
PING_SECONDS = 15.0
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def frame(name: str, data: Mapping[str, Any], *, id: str = "") -> bytes:
    """One event; JSON holds no line break, so that it is one line."""
    numbered = f"id: {id}\n" if id else ""
    return f"{numbered}event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode("utf-8", "replace")


def held(streams: Streams, caller: Caller) -> ExitStack:
    """One more stream of this caller, until the stack is closed; refused where that is one too many."""
    stack = ExitStack()
    stack.enter_context(streams.hold(caller))
    return stack


class EventStream(StreamingResponse):
    """Events as they come; in the end it closes what was held for it."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[bytes], holding: AbstractContextManager[object]) -> None:
        super().__init__(events, headers=HEADERS)
        self._holding = holding

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send them."""
        with self._holding:
            await super().__call__(scope, receive, send)
