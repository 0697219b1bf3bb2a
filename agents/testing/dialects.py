"""The protocols that a scripted server speaks, by the path at which each is spoken."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agents.testing import anthropic_dialect, gemini_dialect, ollama_dialect, openai_dialect
from agents.testing.script import Reply

Body = Mapping[str, Any]
EVENTS = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one protocol asks for a stream, and how it writes a reply whole and in events."""

    path: re.Pattern[str]
    streams: Callable[[str, Body], bool]
    whole: Callable[[Reply, Body], Body]
    events: Callable[[Reply, Body], Iterator[str]]
    kind: str = EVENTS


def _openai_events(reply: Reply, body: Body) -> Iterator[str]:
    count = bool((body.get("stream_options") or {}).get("include_usage"))
    for event in openai_dialect.chunks(reply, str(body.get("model", "")), count=count):
        yield f"data: {json.dumps(event)}\n\n"
    if not reply.drop:
        yield "data: [DONE]\n\n"


def _asks_for_stream(path: str, body: Body) -> bool:
    return bool(body.get("stream"))


def _ollama_streams(path: str, body: Body) -> bool:
    return body.get("stream") is not False


def _gemini_streams(path: str, body: Body) -> bool:
    return ":streamGenerateContent" in path


DIALECTS = (
    Dialect(
        re.compile(r"/v1/chat/completions"),
        _asks_for_stream,
        lambda reply, body: openai_dialect.completion(reply, str(body.get("model", ""))),
        _openai_events,
    ),
    Dialect(
        re.compile(r"/v1/messages(\?.*)?"),
        _asks_for_stream,
        anthropic_dialect.message,
        anthropic_dialect.events,
    ),
    Dialect(
        re.compile(r"/v1(beta)?/models/[^/]+:(generate|streamGenerate)Content(\?.*)?"),
        _gemini_streams,
        gemini_dialect.content,
        gemini_dialect.events,
    ),
    Dialect(
        re.compile(r"/api/chat"),
        _ollama_streams,
        ollama_dialect.message,
        ollama_dialect.events,
        "application/x-ndjson",
    ),
)
