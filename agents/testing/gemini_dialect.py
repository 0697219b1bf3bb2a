"""A scripted reply as Gemini's protocol writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agents.testing.openai_dialect import usage
from agents.testing.script import Reply

Body = Mapping[str, Any]


def content(reply: Reply, body: Body) -> dict[str, Any]:
    """The body of a reply that is not streamed."""
    return _response([*_text_parts([reply.text]), *_calls(reply)], reply, last=True)


def events(reply: Reply, body: Body) -> Iterator[str]:
    """The events of a reply that is streamed."""
    pieces = [reply.text[at : at + reply.piece] for at in range(0, len(reply.text), reply.piece)]
    steps = [*(_text_parts([piece]) for piece in pieces), *([part] for part in _calls(reply))]
    for at, parts in enumerate(steps):
        last = at == len(steps) - 1 and not reply.drop
        yield f"data: {json.dumps(_response(parts, reply, last=last))}\n\n"


def _text_parts(texts: Sequence[str]) -> list[dict[str, Any]]:
    return [{"text": text} for text in texts if text]


def _calls(reply: Reply) -> list[dict[str, Any]]:
    return [{"functionCall": {"name": call.name, "args": json.loads(call.arguments)}} for call in reply.tool_calls]


def _response(parts: Sequence[Mapping[str, Any]], reply: Reply, *, last: bool) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if not last:
        return {"candidates": [candidate]}
    counts = usage(reply)
    return {
        "candidates": [{**candidate, "finishReason": "STOP"}],
        "usageMetadata": {
            "promptTokenCount": counts["prompt_tokens"],
            "candidatesTokenCount": counts["completion_tokens"],
            "totalTokenCount": counts["total_tokens"],
        },
    }
