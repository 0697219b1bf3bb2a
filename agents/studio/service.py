"""What a studio does with a request, without HTTP: conversations and traces in, pages and JSON out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from threading import Condition
from typing import Any

from agents.studio.events import read_event
from agents.studio.store import StudioStore
from agents.tracing.record import SpanRecord
from agents.tracing.store import TraceStore
from knowledge.errors import RefdeskError, UsageError

PAGES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/studio.css": ("studio.css", "text/css; charset=utf-8"),
    "/studio.js": ("studio.js", "text/javascript; charset=utf-8"),
}
# How long a page may wait for news before it asks again, in seconds.
LONGEST_WAIT = 25.0
PROTOBUF = "application/x-protobuf"


@dataclass(frozen=True, slots=True)
class Response:
    """Status, kind and body of an answer."""

    status: int
    kind: str = "application/json"
    body: bytes = b"{}"


@dataclass(frozen=True, slots=True)
class Service:
    """A studio over two stores. Its methods are called from any thread."""

    store: StudioStore
    traces: TraceStore
    _news: Condition = field(default_factory=Condition)

    def get(self, path: str, query: Mapping[str, str]) -> Response:
        """Answer a GET."""
        if path in PAGES:
            name, kind = PAGES[path]
            return Response(200, kind, files("agents.studio").joinpath("static", name).read_bytes())
        match path.strip("/").split("/"):
            case ["api", "messages"]:
                return self._messages(query)
            case ["api", "runs"]:
                return as_json([asdict(run) for run in self.store.runs()])
            case ["api", "traces"]:
                return as_json([asdict(trace) for trace in self.traces.traces(limit=50)])
            case ["api", "traces", trace_id]:
                return as_json([_span(span) for span in self.traces.spans(trace_id)])
        return failure(404, "There is no such page.")

    def post(self, path: str, kind: str, body: bytes) -> Response:
        """Answer a POST."""
        try:
            if path == "/api/messages":
                return self._take_message(kind, body)
            if path in ("/v1/traces", "/api/traces"):
                return self._take_spans(kind, body)
        except UsageError as error:
            return failure(400, str(error))
        return failure(404, "There is no such page.")

    def _messages(self, query: Mapping[str, str]) -> Response:
        """Messages after a number; where there are none yet, waits for some as long as it is asked to."""
        try:
            after, wait = int(query.get("after", "0")), float(query.get("wait", "0"))
        except ValueError:
            return failure(400, "`after` and `wait` are numbers.")
        run_id = query.get("run")
        with self._news:
            found = self.store.messages(after=after, run_id=run_id)
            if not found and wait > 0:
                self._news.wait(min(wait, LONGEST_WAIT))
                found = self.store.messages(after=after, run_id=run_id)
        return as_json(found)

    def _take_message(self, kind: str, body: bytes) -> Response:
        if kind != "application/json":
            return failure(415, "A message is sent as application/json.")
        event = read_event(body)
        with self._news:
            self.store.add(event)
            self._news.notify_all()
        return as_json({"ok": True})

    def _take_spans(self, kind: str, body: bytes) -> Response:
        if kind != PROTOBUF:
            return failure(415, f"Spans are sent as {PROTOBUF}.")
        from agents.tracing.opentelemetry_decoding import decoded  # OpenTelemetry is loaded by whoever traces

        self.traces.add(decoded(body))
        return Response(200, PROTOBUF, b"")


def as_json(data: Any, *, status: int = 200) -> Response:
    """Data as an answer."""
    return Response(status, body=json.dumps(data, ensure_ascii=False, default=str).encode("utf-8", "replace"))


def failure(status: int, sentence: str) -> Response:
    """An answer that says what is wrong."""
    return as_json({"error": sentence}, status=status)


def answered(error: RefdeskError) -> Response:
    """What the studio itself cannot do."""
    return failure(500, str(error))


def _span(span: SpanRecord) -> Mapping[str, Any]:
    return asdict(span) | {
        "operation": span.operation,
        "input_tokens": span.input_tokens,
        "output_tokens": span.output_tokens,
    }
