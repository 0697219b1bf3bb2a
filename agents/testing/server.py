"""A scripted language model behind real HTTP, for tests: a server on loopback that speaks OpenAI's protocol.

with ScriptedServer([tool_call("search_hr", query="leave"), "Leave is 25 days [1]."]) as server:
    model = OpenAIChatModel("scripted", base_url=server.base_url)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from select import select
from socket import MSG_PEEK
from threading import Event, Lock, Thread
from time import monotonic
from types import TracebackType
from typing import Any, Self

from agents.testing.dialects import DIALECTS, Dialect
from agents.testing.openai_dialect import embeddings, models
from agents.testing.script import Reply

EMBEDDINGS = "/v1/embeddings"
MODELS = "/v1/models"
# How often a waiting server looks whether its client is still there, in seconds.
LOOK = 0.02


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent: the parsed body, its path and its headers (names in lower case).

    `gone` is set when the client hung up before the whole reply was sent.
    """

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    gone: Event = field(default_factory=Event, compare=False, repr=False)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The conversation so far."""
        return list(self.body.get("messages", []))

    @property
    def text(self) -> str:
        """Everything the model was shown, tools included."""
        return json.dumps(self.body, ensure_ascii=False)

    @property
    def tools(self) -> list[str]:
        """The names of the tools that were offered."""
        return [tool["function"]["name"] for tool in self.body.get("tools") or []]


Step = str | Reply | Callable[[Request], str | Reply]


class ScriptedServer:
    """Answers each completion with the next step of its script, the last one again and again.

    A step is a text, a `Reply`, or a function of the request. `requests` records every completion asked for,
    `embedding_requests` every request for vectors, `others` whatever else came. Vectors come from `embedding`, by
    default a function under which texts that share words are near each other. `models` are the names it lists. The
    protocols of Anthropic, Gemini and Ollama are spoken too, each at its own paths below `root_url`.
    """

    def __init__(
        self,
        script: Sequence[Step] = ("scripted",),
        *,
        embedding: Callable[[Request], Reply] | None = None,
        models: Sequence[str] = ("scripted",),
    ) -> None:
        if not script:
            raise ValueError("a script needs at least one step")
        self._script = (script,) if isinstance(script, str) else tuple(script)
        self._embedding = embedding
        self._lock = Lock()
        self.models = tuple(models)
        self.requests: list[Request] = []
        self.embedding_requests: list[Request] = []
        self.others: list[Request] = []
        self.connections = 0
        self.closing = Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.script = self
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def root_url(self) -> str:
        """The address without a path."""
        return f"http://{self.host}"

    @property
    def base_url(self) -> str:
        """The address to give to a client of OpenAI's protocol."""
        return f"{self.root_url}/v1"

    @property
    def host(self) -> str:
        """Address and port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def hung_up(self) -> list[Request]:
        """The completions whose client went away before the whole reply was sent."""
        return [request for request in self.requests if request.gone.is_set()]

    def next(self, request: Request) -> Reply:
        """Record `request` and give what the script says to it."""
        with self._lock:
            step = self._script[min(len(self.requests), len(self._script) - 1)]
            self.requests.append(request)
        made = step(request) if callable(step) else step
        return Reply(text=made) if isinstance(made, str) else made

    def next_vectors(self, request: Request) -> Reply:
        """Record a request for vectors and give the reply to it."""
        with self._lock:
            self.embedding_requests.append(request)
        return self._embedding(request) if self._embedding else Reply()

    def note(self, request: Request) -> None:
        """Record a request that is none of a model."""
        with self._lock:
            self.others.append(request)

    def connected(self) -> None:
        """Count a connection."""
        with self._lock:
            self.connections += 1

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    """Threads end with the process, so a client that went away holds up nothing."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024
    script: ScriptedServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle is part of what is tested, and no news."""


class _Handler(BaseHTTPRequestHandler):
    """Speaks the protocols of model servers, streamed or whole."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged: tests read `ScriptedServer.requests`."""

    def setup(self) -> None:
        super().setup()
        self.server.script.connected()

    def do_GET(self) -> None:
        if self.path.rstrip("/") == MODELS:
            self._send_json(200, models(self.server.script.models))
            return
        self.server.script.note(self._request({}))
        self._send_error(Reply(status=404, error=f"no such path: {self.path}"))

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        request = self._request(json.loads(raw or b"{}"))
        dialect = next((dialect for dialect in DIALECTS if dialect.path.fullmatch(self.path)), None)
        if dialect is not None:
            self._answer(dialect, request)
        elif self.path == EMBEDDINGS:
            self._embed(request)
        else:
            self.server.script.note(request)
            self._send_error(Reply(status=404, error=f"no such path: {self.path}"))

    def _request(self, body: Mapping[str, Any]) -> Request:
        return Request(self.path, {name.lower(): value for name, value in self.headers.items()}, body)

    def _answer(self, dialect: Dialect, request: Request) -> None:
        reply = self.server.script.next(request)
        try:
            if not self._wait(reply.delay):
                raise ConnectionResetError
            if reply.hang_up:
                self.close_connection = True
            elif reply.status != 200 or reply.raw is not None:
                self._send_error(reply)
            elif dialect.streams(request.path, request.body):
                self._stream(reply, dialect.events(reply, request.body), dialect.kind)
            else:
                self._send_json(200, dialect.whole(reply, request.body), reply.headers)
        except OSError:
            request.gone.set()
            self.close_connection = True

    def _embed(self, request: Request) -> None:
        reply = self.server.script.next_vectors(request)
        self._wait(reply.delay)
        if reply.status != 200 or reply.raw is not None:
            self._send_error(reply)
            return
        asked = request.body.get("input") or []
        texts = [asked] if isinstance(asked, str) else [str(text) for text in asked]
        self._send_json(200, embeddings(texts, str(request.body.get("model", "")), reply.vectors))

    def _wait(self, seconds: float) -> bool:
        """Wait; whether the client is still there in the end."""
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0 and not self._is_gone():
            if self.server.script.closing.wait(min(LOOK, left)):
                break
        return not self._is_gone()

    def _is_gone(self) -> bool:
        readable, _, _ = select([self.connection], [], [], 0)
        return bool(readable) and not self.connection.recv(1, MSG_PEEK)

    def _send_error(self, reply: Reply) -> None:
        if reply.raw is not None:
            self._send(reply.status, reply.raw.encode(), "text/html", reply.headers)
        else:
            self._send_json(reply.status, {"error": {"message": reply.error, "code": reply.status}}, reply.headers)

    def _send_json(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        self._send(status, json.dumps(body).encode(), "application/json", headers or {})

    def _send(self, status: int, data: bytes, kind: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, reply: Reply, events: Iterator[str], kind: str) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        self.end_headers()
        for event in events:
            self.wfile.write(event.encode())
            self.wfile.flush()
            if not self._wait(reply.pause):
                raise ConnectionResetError
