"""A scripted reply as Anthropic's protocol writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from agents.testing.openai_dialect import usage
from agents.testing.script import Reply, ToolCall

Body = Mapping[str, Any]


def message(reply: Reply, body: Body) -> dict[str, Any]:
    """The body of a reply that is not streamed."""
    content: list[dict[str, Any]] = [{"type": "text", "text": reply.text}] if reply.text else []
    content += [{**_call(at, call), "input": json.loads(call.arguments)} for at, call in enumerate(reply.tool_calls)]
    return {**_frame(body), "content": content, "stop_reason": _stop(reply), "usage": _usage(reply)}


def events(reply: Reply, body: Body) -> Iterator[str]:
    """The events of a reply that is streamed."""
    asked = {**_usage(reply), "output_tokens": 0}
    start = {**_frame(body), "content": [], "stop_reason": None, "usage": asked}
    yield _event("message_start", message=start)
    for at, (block, deltas) in enumerate(_blocks(reply)):
        yield _event("content_block_start", index=at, content_block=block)
        for delta in deltas:
            yield _event("content_block_delta", index=at, delta=delta)
        yield _event("content_block_stop", index=at)
    if reply.drop:
        return
    delta = {"stop_reason": _stop(reply), "stop_sequence": None}
    yield _event("message_delta", delta=delta, usage={"output_tokens": _usage(reply)["output_tokens"]})
    yield _event("message_stop")


def _blocks(reply: Reply) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    if reply.text:
        pieces = [reply.text[at : at + reply.piece] for at in range(0, len(reply.text), reply.piece)]
        yield {"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces]
    for at, call in enumerate(reply.tool_calls):
        yield {**_call(at, call), "input": {}}, [{"type": "input_json_delta", "partial_json": call.arguments}]


def _event(kind: str, **fields: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"


def _call(at: int, call: ToolCall) -> dict[str, Any]:
    return {"type": "tool_use", "id": call.id or f"toolu_{at}", "name": call.name}


def _frame(body: Body) -> dict[str, Any]:
    return {
        "id": "msg_scripted",
        "type": "message",
        "role": "assistant",
        "model": str(body.get("model", "")),
        "stop_sequence": None,
    }


def _stop(reply: Reply) -> str:
    return "tool_use" if reply.tool_calls else "end_turn"


def _usage(reply: Reply) -> dict[str, int]:
    counts = usage(reply)
    return {"input_tokens": counts["prompt_tokens"], "output_tokens": counts["completion_tokens"]}
