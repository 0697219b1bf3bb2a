"""Spans as an OTLP exporter posts them, read back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # protobuf ships no types
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from agents.tracing.record import SpanRecord
from knowledge.errors import UsageError

NANOSECONDS = 1e9


def decoded(body: bytes) -> list[SpanRecord]:
    """The spans of one request; raises `UsageError` for what is none."""
    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        raise UsageError("These are no spans in the protobuf encoding of OTLP.") from error
    return [
        _record(span, str(_values(resource.resource.attributes).get("service.name", "")))
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def _record(span: Span, service: str) -> SpanRecord:
    attributes = _values(span.attributes)
    failed = span.status.code == Status.STATUS_CODE_ERROR
    return SpanRecord(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        name=span.name,
        start=span.start_time_unix_nano / NANOSECONDS,
        seconds=max(0, span.end_time_unix_nano - span.start_time_unix_nano) / NANOSECONDS,
        service=service,
        error=str(attributes.get("error.type") or ("error" if failed else "")),
        attributes=attributes,
    )


def _values(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return _values(value.kvlist_value.values)
    if kind == "bytes_value":
        return value.bytes_value.hex()
    return getattr(value, kind)
