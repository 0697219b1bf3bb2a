"""What agents, models, tools and retrieval do, as OpenTelemetry spans."""

from agents.tracing.decorators import (
    trace,
    trace_agent,
    trace_embedding,
    trace_llm,
    trace_reply,
    trace_retrieval,
    trace_tool,
    trace_toolkit,
)
from agents.tracing.record import SpanRecord, TraceSummary
from agents.tracing.setup import carried, continued, flush_tracing, setup_tracing, stop_tracing
from agents.tracing.spans import Operation, Span, Tracer, span

__all__ = [
    "Operation",
    "Span",
    "SpanRecord",
    "TraceSummary",
    "Tracer",
    "carried",
    "continued",
    "flush_tracing",
    "setup_tracing",
    "span",
    "stop_tracing",
    "trace",
    "trace_agent",
    "trace_embedding",
    "trace_llm",
    "trace_reply",
    "trace_retrieval",
    "trace_tool",
    "trace_toolkit",
]
