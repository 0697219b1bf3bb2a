"""A scripted language model behind real HTTP, for tests: an OpenAI-compatible server on loopback.

with ScriptedServer([tool_call("search_hr", query="leave"), "Leave is 25 days [1]."]) as server:
    llm = open_model(ModelSpec("scripted", base_url=server.base_url))
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Self

COMPLETIONS = "/v1/chat/completions"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model asks for; `arguments` is sent as it is, so it may be malformed."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One response of the server: text or tool calls, or an error when `status` is not 200.

    `delay` is how many seconds the server waits first. `raw` replaces the whole body. A streamed reply is cut
    into pieces of `piece` characters and, with `drop`, ends without its last event.
    """

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    status: int = 200
    error: str = "scripted error"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    raw: str | None = None
    piece: int = 8
    drop: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent: the parsed body of a completion, its path and its headers (names in lower case)."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]

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


def tool_call(name: str, **arguments: Any) -> Reply:
    """A reply that calls one tool."""
    return Reply(tool_calls=(ToolCall(name, json.dumps(arguments)),))


def failure(status: int, *, error: str = "scripted error", **headers: str) -> Reply:
    """A reply with an HTTP error; `Retry_After="1"` becomes the header `Retry-After`."""
    return Reply(status=status, error=error, headers={name.replace("_", "-"): text for name, text in headers.items()})


class ScriptedServer:
    """Answers each completion with the next step of its script, the last one again and again.

    A step is a text, a `Reply`, or a function of the request. `requests` records every completion asked for.
    """

    def __init__(self, script: Sequence[Step]) -> None:
        if not script:
            raise ValueError("a script needs at least one step")
        self._script = tuple(script)
        self._lock = Lock()
        self.requests: list[Request] = []
        self.closing = Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.script = self
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def base_url(self) -> str:
        """The address to give to a client."""
        return f"http://{self.host}/v1"

    @property
    def host(self) -> str:
        """Address and port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def next(self, request: Request) -> Reply:
        """Record `request` and give what the script says to it."""
        with self._lock:
            step = self._script[min(len(self.requests), len(self._script) - 1)]
            self.requests.append(request)
        made = step(request) if callable(step) else step
        return Reply(text=made) if isinstance(made, str) else made

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
    script: ScriptedServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle is part of what is tested, and no news."""


class _Handler(BaseHTTPRequestHandler):
    """Speaks the completions protocol, streamed or whole."""

    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged: tests read `ScriptedServer.requests`."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path != COMPLETIONS:
            self._send(Reply(status=404, error=f"no such path: {self.path}"))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.path, headers, json.loads(body))
        reply = self.server.script.next(request)
        if reply.delay:
            self.server.script.closing.wait(reply.delay)
        if reply.status == 200 and reply.raw is None and request.body.get("stream"):
            self._stream(reply, request)
        else:
            self._send(reply, model=str(request.body.get("model", "")))

    def _send(self, reply: Reply, *, model: str = "") -> None:
        if reply.raw is not None:
            body, kind = reply.raw, "text/html"
        elif reply.status == 200:
            body, kind = json.dumps(_completion(reply, model)), "application/json"
        else:
            body, kind = json.dumps({"error": {"message": reply.error, "code": reply.status}}), "application/json"
        data = body.encode()
        self.send_response(reply.status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, reply: Reply, request: Request) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        usage = bool((request.body.get("stream_options") or {}).get("include_usage"))
        for event in _events(reply, str(request.body.get("model", "")), usage=usage):
            self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
            self.wfile.flush()
        if not reply.drop:
            self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True


def _completion(reply: Reply, model: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if reply.tool_calls:
        message["tool_calls"] = _calls(reply)
    finish = "tool_calls" if reply.tool_calls else "stop"
    return {
        **_frame(model, "chat.completion"),
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": _usage(reply),
    }


def _events(reply: Reply, model: str, *, usage: bool) -> Iterator[dict[str, Any]]:
    frame = _frame(model, "chat.completion.chunk")
    pieces = [reply.text[at : at + reply.piece] for at in range(0, len(reply.text), reply.piece)]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}, *({"content": piece} for piece in pieces)]
    deltas += [{"tool_calls": [{"index": at, **call}]} for at, call in enumerate(_calls(reply))]
    for delta in deltas:
        yield {**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    if reply.drop:
        return
    finish = "tool_calls" if reply.tool_calls else "stop"
    yield {**frame, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}
    if usage:
        yield {**frame, "choices": [], "usage": _usage(reply)}


def _calls(reply: Reply) -> list[dict[str, Any]]:
    return [
        {"id": f"call_{at}", "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for at, call in enumerate(reply.tool_calls)
    ]


def _frame(model: str, kind: str) -> dict[str, Any]:
    return {"id": "scripted", "object": kind, "created": int(time.time()), "model": model}


def _usage(reply: Reply) -> dict[str, int]:
    words = len(reply.text.split())
    return {"prompt_tokens": 10, "completion_tokens": words, "total_tokens": 10 + words}
