"""Where finished spans go: to an OTLP endpoint, and into the store on this machine."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from agents.exceptions import StateError
from agents.tracing.opentelemetry_tracer import OpenTelemetryTracer
from agents.tracing.record import SpanRecord
from agents.tracing.spans import Capture
from agents.tracing.store import TraceStore
from knowledge.errors import ConfigError

log = logging.getLogger(__name__)
EXPORTER_LOG = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
# An endpoint that stays away is news once in so many seconds.
NEWS = 300.0
NANOSECONDS = 1e9


class StoreExporter(SpanExporter):
    """Writes spans into the store on this machine."""

    def __init__(self, store: TraceStore) -> None:
        self._store = store

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Keep the spans; where that fails they are lost, and a warning says why."""
        try:
            self._store.add([as_record(span) for span in spans])
        except StateError as error:
            log.warning("%s", error)
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS


class Occasionally(logging.Filter):
    """Lets the news of one logger through once in a while: traces are no reason to fill a log."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._next = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is news; the exporter's own retries never are."""
        if record.levelno < logging.ERROR or time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + self._seconds
        return True


def open_tracer(
    service_name: str,
    *,
    endpoint: str | None,
    store: TraceStore | None,
    headers: Mapping[str, str] | None,
    capture_content: Capture,
) -> OpenTelemetryTracer:
    """A tracer whose spans go to `endpoint`, exactly as given, and into `store`, a batch at a time, in the background.

    OpenTelemetry's variables for batches, sampling, headers and certificates hold. Raises `ConfigError` where one of
    them is wrong.
    """
    exporters: list[SpanExporter] = []
    if store is not None:  # first, since they are closed one after another
        exporters.append(StoreExporter(store))
    if endpoint is not None:
        quieted(EXPORTER_LOG)
        exporters.append(OTLPSpanExporter(endpoint=endpoint, headers=dict(headers) if headers else None))
    try:
        provider = TracerProvider(resource=Resource.create({"service.name": service_name}), shutdown_on_exit=False)
        for exporter in exporters:
            provider.add_span_processor(BatchSpanProcessor(exporter))
    except ValueError as error:
        raise ConfigError(f"A variable of OpenTelemetry (OTEL_...) is wrong: {error}") from error
    settings = {
        "service_name": service_name,
        "tracing_endpoint": endpoint,
        "store": str(store.path.resolve()) if store else None,
        "headers": dict(headers) if headers else None,
        "capture_content": capture_content,
    }
    return OpenTelemetryTracer(provider, capture_content=capture_content, settings=settings)


def quieted(name: str) -> None:
    """Hold the logger of that name to news."""
    logger = logging.getLogger(name)
    if not any(isinstance(one, Occasionally) for one in logger.filters):
        logger.addFilter(Occasionally(NEWS))


def as_record(span: ReadableSpan) -> SpanRecord:
    """A finished span as the store keeps it."""
    attributes: dict[str, Any] = {
        key: list(value) if isinstance(value, tuple) else value for key, value in (span.attributes or {}).items()
    }
    begin, end = span.start_time or 0, span.end_time or span.start_time or 0
    return SpanRecord(
        trace_id=f"{span.context.trace_id:032x}",
        span_id=f"{span.context.span_id:016x}",
        parent_id=f"{span.parent.span_id:016x}" if span.parent else "",
        name=span.name,
        start=begin / NANOSECONDS,
        seconds=(end - begin) / NANOSECONDS,
        service=str(span.resource.attributes.get("service.name", "")),
        error=str(attributes.get("error.type", "") or ("error" if not span.status.is_ok else "")),
        attributes=attributes,
    )
