"""A finished span as data, and a trace as the sum of its spans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
OPERATION = "gen_ai.operation.name"
CHAT = "chat"


@dataclass(frozen=True, slots=True)
class SpanRecord:
    """One finished span. `start` counts seconds since 1970; `error` is the type of what passed through, or empty."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    start: float
    seconds: float
    service: str = ""
    error: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def operation(self) -> str:
        """What kind of work it is, by the GenAI conventions; empty for none of them."""
        return str(self.attributes.get(OPERATION, ""))

    @property
    def input_tokens(self) -> int:
        """Tokens that a model was given; 0 where none was asked."""
        return _count(self.attributes.get(INPUT_TOKENS))

    @property
    def output_tokens(self) -> int:
        """Tokens that a model gave; 0 where none was asked."""
        return _count(self.attributes.get(OUTPUT_TOKENS))


@dataclass(frozen=True, slots=True)
class TraceSummary:
    """One trace: its first span's name and start, and what all of its spans took together."""

    trace_id: str
    name: str
    service: str
    start: float
    seconds: float
    spans: int
    errors: int
    input_tokens: int
    output_tokens: int


def summarised(spans: Sequence[SpanRecord]) -> TraceSummary:
    """The spans of one trace as one; there must be at least one. Tokens count where a model was asked, once."""
    known = {span.span_id for span in spans}
    root = min(spans, key=lambda span: (span.parent_id in known, span.start))
    start = min(span.start for span in spans)
    asked = list(outermost_chats(spans))
    return TraceSummary(
        root.trace_id,
        root.name,
        root.service,
        start,
        max(span.start + span.seconds for span in spans) - start,
        len(spans),
        sum(bool(span.error) for span in spans),
        sum(span.input_tokens for span in asked),
        sum(span.output_tokens for span in asked),
    )


def outermost_chats(spans: Iterable[SpanRecord]) -> Iterable[SpanRecord]:
    """The calls of models that have usage and are not within another such, so that none counts twice."""
    chats = {
        span.span_id: span for span in spans if span.operation == CHAT and (span.input_tokens or span.output_tokens)
    }
    parents = {span.span_id: span.parent_id for span in spans}
    for span in chats.values():
        above = span.parent_id
        seen: set[str] = set()
        while above in parents and above not in chats and above not in seen:
            seen.add(above)
            above = parents[above]
        if above not in chats:
            yield span


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
