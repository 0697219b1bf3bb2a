"""A scripted reply as Ollama's protocol writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from agents.testing.openai_dialect import usage
from agents.testing.script import Reply

Body = Mapping[str, Any]
CREATED = "2025-01-01T00:00:00Z"


def message(reply: Reply, body: Body) -> dict[str, Any]:
    """The body of a reply that is not streamed."""
    return _line(reply, body, reply.text, last=True)


def events(reply: Reply, body: Body) -> Iterator[str]:
    """The lines of a reply that is streamed."""
    for at in range(0, len(reply.text), reply.piece):
        yield json.dumps(_line(reply, body, reply.text[at : at + reply.piece], last=False)) + "\n"
    if not reply.drop:
        yield json.dumps(_line(reply, body, "", last=True)) + "\n"


def _line(reply: Reply, body: Body, text: str, *, last: bool) -> dict[str, Any]:
    said: dict[str, Any] = {"role": "assistant", "content": text}
    if last and reply.tool_calls:
        said["tool_calls"] = [
            {"function": {"name": call.name, "arguments": json.loads(call.arguments)}} for call in reply.tool_calls
        ]
    line = {"model": str(body.get("model", "")), "created_at": CREATED, "message": said, "done": last}
    if not last:
        return line
    counts = usage(reply)
    return {
        **line,
        "done_reason": "stop",
        "prompt_eval_count": counts["prompt_tokens"],
        "eval_count": counts["completion_tokens"],
    }
