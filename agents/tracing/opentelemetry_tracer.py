"""Spans by OpenTelemetry, named and described by its GenAI semantic conventions."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Span as RawSpan
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from agents.message.storable import storable
from agents.tracing.opentelemetry_closing import Closer
from agents.tracing.redaction import Redactor
from agents.tracing.spans import Capture, Operation, Span

log = logging.getLogger(__name__)
INSTRUMENTATION = "refdesk"
PROPAGATOR = TraceContextTextMapPropagator()
# By the conventions: the operation's name, and the attribute that holds whose it is.
CONVENTIONS: Mapping[Operation, tuple[str, str]] = {
    "chat": ("chat", "gen_ai.request.model"),
    "embeddings": ("embeddings", "gen_ai.request.model"),
    "invoke_agent": ("invoke_agent", "gen_ai.agent.name"),
    "execute_tool": ("execute_tool", "gen_ai.tool.name"),
    "retrieval": ("retrieval", "gen_ai.data_source.id"),
    "pipeline": ("invoke_workflow", "gen_ai.workflow.name"),
    "hub": ("hub", "refdesk.hub.name"),
}
# Longer texts are cut: a collector refuses a batch that is too large as a whole.
LONGEST_TEXT = 16_000


class RecordingSpan(Span):
    """A span that is open and recorded."""

    recording = True

    def __init__(self, raw: RawSpan, *, capture_content: Capture) -> None:
        self._raw = raw
        self._capture_content = capture_content

    def set(self, name: str, value: Any) -> None:
        """Add one attribute; None is left out, and what is no plain value becomes JSON."""
        if value is not None:
            self._raw.set_attribute(name, plain(value))
        if name == "error.type" and value:
            self._raw.set_status(Status(StatusCode.ERROR, str(value)))

    def content(self, name: str, value: Any | Callable[[], Any]) -> None:
        """Add what was said, where that is captured."""
        if self._capture_content:
            self.set(name, self._kept(value() if callable(value) else value))

    @contextmanager
    def current(self) -> Iterator[None]:
        """Within, new spans stand below this one."""
        here = set_span_in_context(self._raw)
        token = attach(here)
        try:
            yield
        finally:
            if get_current() is here:  # a generator may be closed by another task, where nothing was attached
                detach(token)

    def failed(self, error: BaseException) -> None:
        """Record what passed through: its type, and its words where content is captured, since they may quote it."""
        kind = type(error).__qualname__
        words = {"exception.message": plain(self._kept(str(error)))} if self._capture_content else {}
        self._raw.add_event("exception", {"exception.type": kind, **words})
        self._raw.set_attribute("error.type", kind)
        self._raw.set_status(Status(StatusCode.ERROR, str(words.get("exception.message", kind))))

    def _kept(self, said: Any) -> Any:
        return Redactor().value(said) if self._capture_content == "redacted" else said


class OpenTelemetryTracer:
    """Makes spans of one provider; the provider belongs to it and is closed with it."""

    def __init__(
        self, provider: TracerProvider, *, capture_content: Capture = False, settings: Mapping[str, Any] | None = None
    ) -> None:
        self.settings = dict(settings or {})
        self._provider = provider
        self._tracer = provider.get_tracer(INSTRUMENTATION)
        self._capture_content = capture_content
        self._closer = Closer(provider.shutdown)

    @contextmanager
    def span(self, operation: Operation, name: str, attributes: Mapping[str, Any] | None) -> Iterator[Span]:
        """A span around what happens within, below the one that is open here."""
        with self.detached(operation, name, attributes) as opened, opened.current():
            yield opened

    @contextmanager
    def detached(
        self, operation: Operation, name: str, attributes: Mapping[str, Any] | None
    ) -> Iterator[RecordingSpan]:
        """The same, but others stand below it within its `current` only."""
        raw = self._tracer.start_span(
            title(operation, name),
            kind=SpanKind.CLIENT if operation in ("chat", "embeddings") else SpanKind.INTERNAL,
            attributes=described(operation, name, attributes or {}),
        )
        opened = RecordingSpan(raw, capture_content=self._capture_content)
        try:
            yield opened
        except GeneratorExit:  # whoever listened has heard enough
            raise
        except BaseException as error:
            opened.failed(error)
            raise
        finally:
            raw.end()

    def carried(self) -> Mapping[str, Any]:
        """Where the open span stands, and what `setup_tracing` was given."""
        carrier: dict[str, str] = {}
        PROPAGATOR.inject(carrier)
        return {"settings": self.settings, **carrier}

    @contextmanager
    def continued(self, carried: Mapping[str, Any]) -> Iterator[None]:
        """Within, new spans stand below the one that another process carried here."""
        token = attach(PROPAGATOR.extract(carried, context=Context()))
        try:
            yield
        finally:
            detach(token)

    def flush(self, timeout: float) -> bool:
        """Send what has been recorded so far; whether that was done within `timeout` seconds."""
        return self._provider.force_flush(int(timeout * 1000))

    def close(self, timeout: float) -> None:
        """Send what is still to be sent, for at most `timeout` seconds."""
        self._closer.close(timeout)


def title(operation: Operation, name: str) -> str:
    """What the span is called: its operation and whose it is, for a function the name alone."""
    return name if operation == "function" else f"{CONVENTIONS[operation][0]} {name}".strip()


def described(operation: Operation, name: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a new span: what the conventions ask for, under what the caller says."""
    found: dict[str, Any] = {}
    if operation in CONVENTIONS:
        known, whose = CONVENTIONS[operation]
        found = {"gen_ai.operation.name": known, whose: name}
    return found | {key: plain(value) for key, value in attributes.items() if value is not None}


def plain(value: Any) -> Any:
    """The value as OpenTelemetry takes it: a plain one, a list of texts, or JSON."""
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return storable(value[:LONGEST_TEXT])
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return [storable(item[:LONGEST_TEXT]) for item in value]
    return storable(json.dumps(value, ensure_ascii=False, default=str)[:LONGEST_TEXT])
