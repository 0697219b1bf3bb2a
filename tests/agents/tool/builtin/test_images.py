from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from agents import runtime
from agents.tool import Toolkit, dashscope_text_to_image

PICTURE = b"\x89PNG picture"


class DashScope(ThreadingHTTPServer):
    """What DashScope answers: a task, pending once, and then its pictures."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.polls = 0
        self.outcome: dict[str, Any] = {}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: DashScope

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        if self.headers["Authorization"] != "Bearer the key":
            self.answer(401, {"code": "InvalidApiKey", "message": "Invalid API-key provided."})
        else:
            self.answer(200, {"output": {"task_id": "7", "task_status": "PENDING"}})

    def do_GET(self) -> None:
        if self.path == "/picture.png":
            assert "Authorization" not in self.headers
            self.answer(200, PICTURE)
            return
        assert self.path == "/api/v1/tasks/7"
        self.server.polls += 1
        done = self.server.outcome or {
            "task_status": "SUCCEEDED",
            "results": [{"url": f"{self.server.address}/picture.png"}],
        }
        self.answer(200, {"output": {"task_status": "RUNNING"} if self.server.polls == 1 else done})

    def answer(self, status: int, value: Any) -> None:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "image/png" if isinstance(value, bytes) else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""


@pytest.fixture
def dashscope(monkeypatch: pytest.MonkeyPatch) -> Iterator[DashScope]:
    server = DashScope()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("DASHSCOPE_API_KEY", "the key")
    monkeypatch.setenv("DASHSCOPE_BASE_URL", f"{server.address}/compatible-mode/v1")
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


async def test_a_picture_is_asked_for_and_waited_for(dashscope: DashScope) -> None:
    toolkit = Toolkit()
    toolkit.register_tool_function(dashscope_text_to_image)
    properties = toolkit.json_schemas[0]["function"]["parameters"]["properties"]
    assert set(properties) == {"prompt", "n", "size", "use_base64"}
    response = await toolkit.execute_tool_function("dashscope_text_to_image", {"prompt": "a cat", "n": 2})
    url = f"{dashscope.address}/picture.png"
    assert response.content == [{"type": "image", "source": {"type": "url", "url": url}}]
    ((path, headers, body),) = dashscope.requests
    assert path == "/api/v1/services/aigc/text2image/image-synthesis"
    assert headers["x-dashscope-async"] == "enable"
    assert body == {"model": "wanx-v1", "input": {"prompt": "a cat"}, "parameters": {"n": 2, "size": "1024*1024"}}


def test_the_picture_itself_can_be_had(dashscope: DashScope) -> None:
    (block,) = dashscope_text_to_image("a cat", use_base64=True).media
    assert base64.b64decode(str(block["source"].get("data"))) == PICTURE


def test_a_wrong_key_is_told(dashscope: DashScope) -> None:
    response = dashscope_text_to_image("a cat", api_key="wrong")
    assert response.is_error
    assert response.text == "Error: DashScope answered 401: Invalid API-key provided."


def test_a_task_that_fails_is_told(dashscope: DashScope) -> None:
    dashscope.outcome = {"task_status": "FAILED", "message": "The prompt is not allowed"}
    assert dashscope_text_to_image("a cat").text == "Error: DashScope failed: The prompt is not allowed."


def test_without_a_key_a_text_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DASHSCOPE_API_KEY", raising=False)
    response = dashscope_text_to_image("a cat")
    assert response.is_error
    assert "set DASHSCOPE_API_KEY" in response.text


def test_without_a_network_a_text_says_so() -> None:
    response = dashscope_text_to_image("a cat", api_key="k", base_url="http://127.0.0.1:1")
    assert response.is_error
    assert "cannot be reached" in response.text
    assert "k" not in response.text.split("cannot")[0].replace("DashScope", "")


def test_offline_nothing_is_sent(dashscope: DashScope) -> None:
    with runtime.isolated(runtime.Runtime(offline=True)):
        assert "works offline" in dashscope_text_to_image("a cat").text
    assert dashscope.requests == []
