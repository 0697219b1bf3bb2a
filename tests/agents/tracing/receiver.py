"""A real OTLP receiver on loopback, which decodes what it is sent."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ReceivedSpan


class Receiver:
    """Listens at `url`; `paths` and `spans` are what came, `services` the names of those who sent it."""

    def __init__(self, *, status: int = 200, delay: float = 0.0) -> None:
        self.status = status
        self.delay = delay
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.spans: list[ReceivedSpan] = []
        self.services: set[str] = set()
        self._lock = Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """An address with a path of its own, as the tutorial's."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/api/traces"

    @property
    def names(self) -> list[str]:
        """The names of the spans."""
        return [span.name for span in self.spans]

    def span(self, name: str) -> ReceivedSpan:
        """The one span of that name."""
        [found] = [span for span in self.spans if span.name == name]
        return found

    def receive(self, path: str, headers: dict[str, str], body: bytes) -> None:
        """Decode and keep one request."""
        request = ExportTraceServiceRequest()
        request.ParseFromString(gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body)
        with self._lock:
            self.paths.append(path)
            self.headers.append(headers)
            for resource in request.resource_spans:
                values = {item.key: item.value.string_value for item in resource.resource.attributes}
                self.services.add(values["service.name"])
                for scope in resource.scope_spans:
                    self.spans += scope.spans

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            time.sleep(receiver.delay)
            if receiver.status == 200:
                receiver.receive(self.path, {key.lower(): value for key, value in self.headers.items()}, body)
            self.send_response(receiver.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is logged."""

    return Handler


def attributes(span: ReceivedSpan) -> dict[str, Any]:
    """The attributes of a span as plain values."""
    found: dict[str, Any] = {}
    for item in span.attributes:
        kind = item.value.WhichOneof("value")
        value = getattr(item.value, str(kind))
        found[item.key] = [one.string_value for one in value.values] if kind == "array_value" else value
    return found


def wait_for(condition: Callable[[], bool], *, seconds: float = 10.0) -> bool:
    """Whether the condition came true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def as_json(value: Any) -> str:
    """The value as the decorators write it."""
    return json.dumps(value, ensure_ascii=False, default=str)
