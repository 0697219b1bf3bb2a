"""A scripted reply as OpenAI's protocol writes it: whole, in pieces, and as vectors."""

from __future__ import annotations

import math
import re
import time
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from agents.testing.script import Reply

DIMENSION = 64
WORD = re.compile(r"\w+")


def completion(reply: Reply, model: str) -> dict[str, Any]:
    """The body of a reply that is not streamed."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if reply.tool_calls:
        message["tool_calls"] = _calls(reply)
    if reply.thinking:
        message["reasoning_content"] = reply.thinking
    body = {
        **_frame(model, "chat.completion"),
        "choices": [{"index": 0, "message": message, "finish_reason": _finish(reply)}],
    }
    return {**body, "usage": usage(reply)} if reply.usage else body


def chunks(reply: Reply, model: str, *, count: bool) -> Iterator[dict[str, Any]]:
    """The events of a reply that is streamed, the usage last where it is to be counted."""
    frame = _frame(model, "chat.completion.chunk")
    pieces = [reply.text[at : at + reply.piece] for at in range(0, len(reply.text), reply.piece)]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    if reply.thinking:
        deltas.append({"reasoning_content": reply.thinking})
    deltas += [{"content": piece} for piece in pieces]
    deltas += [{"tool_calls": [{"index": at, **call}]} for at, call in enumerate(_calls(reply))]
    for delta in deltas:
        yield {**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    if reply.drop:
        return
    yield {**frame, "choices": [{"index": 0, "delta": {}, "finish_reason": _finish(reply)}]}
    if count and reply.usage:
        yield {**frame, "choices": [], "usage": usage(reply)}


def embeddings(texts: Sequence[str], model: str, vectors: Sequence[Sequence[float]] | None) -> dict[str, Any]:
    """The body for a request of embeddings; without `vectors`, texts that share words are near each other."""
    made = vectors or [word_vector(text) for text in texts]
    return {
        "object": "list",
        "model": model,
        "data": [{"object": "embedding", "index": at, "embedding": list(each)} for at, each in enumerate(made)],
        "usage": {"prompt_tokens": len(texts), "total_tokens": len(texts)},
    }


def word_vector(text: str) -> list[float]:
    """A vector of length 1 that counts the words of `text` in `DIMENSION` buckets."""
    counts = [0.0] * DIMENSION
    for word in WORD.findall(text.lower()):
        counts[zlib.crc32(word.encode()) % DIMENSION] += 1.0
    length = math.sqrt(sum(count * count for count in counts))
    return [count / length for count in counts] if length else [1.0, *counts[1:]]


def models(names: Sequence[str]) -> dict[str, Any]:
    """The body that lists models."""
    return {"object": "list", "data": [{"id": name, "object": "model", "owned_by": "scripted"} for name in names]}


def usage(reply: Reply) -> dict[str, int]:
    """The counts of a reply: those it gives, else 10 asked and a token a word."""
    asked = 10 if reply.input_tokens is None else reply.input_tokens
    answered = reply.words if reply.output_tokens is None else reply.output_tokens
    return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}


def _finish(reply: Reply) -> str:
    return "tool_calls" if reply.tool_calls else "stop"


def _calls(reply: Reply) -> list[dict[str, Any]]:
    return [
        {
            "id": call.id or f"call_{at}",
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for at, call in enumerate(reply.tool_calls)
    ]


def _frame(model: str, kind: str) -> dict[str, Any]:
    return {"id": "scripted", "object": kind, "created": int(time.time()), "model": model}
