"""One chat completion: whole, or in pieces as they are checked."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import time
from typing import Any

from starlette.requests import Request

from knowledge.errors import RefdeskError
from serve.asking.once import Once
from serve.http.event_stream import PING, PING_SECONDS
from serve.http.presence import reply_to
from serve.openai.cutting import Cutting, Finish
from serve.openai.failures import SERVER, failure_json
from serve.openai.shapes import AssistantMessage, Choice, Completion, extension, usage
from serve.store.schema import new_id
from serve.turns.events import Delta
from serve.turns.reply import Reply

logger = logging.getLogger(__name__)
DONE = b"data: [DONE]\n\n"
UNEXPECTED = {"error": {"message": "Something went wrong here.", "type": SERVER, "param": None, "code": "failed"}}


@dataclass(frozen=True, slots=True)
class Completing:
    """The completion that a question is answered with, in the name of `model`."""

    once: Once
    model: str
    root: Path
    cutting: Cutting = field(default_factory=Cutting)
    id: str = field(default_factory=lambda: f"chatcmpl-{new_id()}")
    created: int = field(default_factory=lambda: int(time()))

    async def whole(self, request: Request) -> Completion:
        """The whole of it, as long as whoever sent the request is there."""
        async with self.once:
            reply = await reply_to(request, self.once)
            reply, finish = self._ended(reply)
            return Completion(
                id=self.id,
                created=self.created,
                model=self.model,
                choices=[Choice(message=AssistantMessage(content=reply.text), finish_reason=finish)],
                usage=usage(self.once.taken),
                refdesk=extension(reply, self.once.kept, self.root),
            )

    async def pieces(self, *, with_usage: bool) -> AsyncIterator[bytes]:
        """Its pieces as server-sent events; a failure is the last of them."""
        async with self.once:
            came = shown = ""
            yield self._piece({"role": "assistant", "content": ""}, with_usage=with_usage)
            async for event in self.once.events(every=PING_SECONDS):
                if event is None:
                    yield PING
                elif isinstance(event, Delta):
                    came += event.text
                    more = self.cutting.certain(came)[len(shown) :]
                    shown += more
                    if more:
                        yield self._piece({"content": more}, with_usage=with_usage)
            try:
                reply, finish = self._ended(await self.once.reply())
            except RefdeskError as error:
                yield _event(failure_json(error))
                return
            except Exception as error:  # the edge of a stream: it ends with one sentence, and the log has the cause
                logger.error("a completion failed", exc_info=error)
                yield _event(UNEXPECTED)
                return
            if rest := _rest(reply, shown):
                yield self._piece({"content": rest}, with_usage=with_usage)
            told = extension(reply, self.once.kept, self.root).model_dump(mode="json")
            yield self._piece({}, with_usage=with_usage, finish=finish, refdesk=told)
            if with_usage:
                yield _event(self._head() | {"choices": [], "usage": usage(self.once.taken).model_dump()})
            yield DONE

    def _ended(self, reply: Reply) -> tuple[Reply, Finish]:
        """The reply as far as the client wants it, and why it ends there."""
        text, finish = self.cutting.cut(reply.text)
        return replace(reply, text=text), finish

    def _piece(self, delta: dict[str, str], *, with_usage: bool, finish: str | None = None, **told: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event(self._head() | {"choices": [choice]} | ({"usage": None} if with_usage else {}) | told)

    def _head(self) -> dict[str, Any]:
        return {"id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model}


def _rest(reply: Reply, shown: str) -> str:
    """What is still to be said; an answer that says something else than what was shown is said whole, below it."""
    if reply.text.startswith(shown):
        return reply.text[len(shown) :]
    return f"\n\n{reply.text}"


def _event(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode("utf-8", "replace")
