from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

import agents
from agents.message import Msg
from agents.pipeline import MsgHub, sequential_pipeline
from agents.runtime import isolated
from agents.studio.client import StudioClient
from agents.studio.server import StudioServer
from agents.studio.service import Service
from knowledge.errors import ConfigError
from tests.agents.pipeline.speakers import Speaker
from tests.agents.tracing.receiver import wait_for

ROOT = Path(__file__).parents[3]


class Listener:
    """Records what is posted to it; holds every answer back until `go`."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.connections: list[socket.socket] = []
        self.go = Event()
        self.go.set()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                listener.go.wait(10)
                listener.received.append(json.loads(body))
                listener.headers.append({name.lower(): value for name, value in self.headers.items()})
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()
                listener.connections.append(self.connection)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing is logged."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server.server_address[1]}"

    def hang_up(self) -> None:
        """Close what clients keep open, as a server does after a while."""
        wait_for(lambda: bool(self.connections))
        self.connections.pop().shutdown(socket.SHUT_RDWR)

    def heard(self, number: int) -> bool:
        return wait_for(lambda: len(self.received) >= number)


@pytest.fixture
def listener() -> Iterator[Listener]:
    one = Listener()
    Thread(target=one.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield one
    one.go.set()
    one.server.shutdown()
    one.server.server_close()


def client(url: str, *, most: int = 100, token: str | None = None) -> StudioClient:
    return StudioClient(url, project="Handbook", run="run-1", run_id="r1", most=most, token=token)


def nothing_listens() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


async def test_a_studio_hears_what_agents_are_asked_and_what_they_answer(listener: Listener) -> None:
    with isolated():
        agents.init(studio_url=listener.url, project_name="My Agent Project")
        await Speaker("Ann", "an answer")("a question")
        assert listener.heard(2)
    question, answer = listener.received
    assert (question["speaker"], question["text"], question["listener"]) == ("user", "a question", "Ann")
    assert (answer["project"], answer["speaker"], answer["text"]) == ("My Agent Project", "Ann", "an answer")


async def test_a_message_that_many_hear_is_told_once(listener: Listener) -> None:
    team = [Speaker(name) for name in ("Ann", "Bob", "Cem")]
    with isolated():
        agents.init(studio_url=listener.url)
        async with MsgHub(team, announcement=Msg("host", "welcome")):
            await sequential_pipeline(team, "go")
        assert listener.heard(5)
        time.sleep(0.1)
    assert [event["speaker"] for event in listener.received] == ["host", "user", "Ann", "Bob", "Cem"]


async def test_usage_and_time_are_told_and_no_key_ever_is(listener: Listener) -> None:
    config = {"config_name": "gpt", "model_type": "openai_chat", "model_name": "gpt-4", "api_key": "sk-very-secret"}

    class Spender(Speaker):
        async def reply(self, msg: Any = None, **kwargs: Any) -> Msg:
            return Msg(
                self.name, "done", "assistant", {"usage": {"input_tokens": 3, "output_tokens": 4}, "key": "sk-x"}
            )

    with isolated():
        agents.init(model_configs=config, studio_url=listener.url)
        await Spender("Ann")("go")
        assert listener.heard(2)
    assert listener.received[1]["usage"] == {"input_tokens": 3, "output_tokens": 4}
    assert "T" in listener.received[1]["time"]
    assert "sk-" not in json.dumps([listener.received, listener.headers])


async def test_where_nothing_listens_nobody_waits_and_nothing_fails(caplog: pytest.LogCaptureFixture) -> None:
    with isolated(), caplog.at_level(logging.WARNING):
        begin = time.perf_counter()
        agents.init(studio_url=nothing_listens())
        ann = Speaker("Ann")
        for _ in range(50):
            await ann("go")
        studio = agents.runtime.current().studio
        assert studio is not None
        time.sleep(0.1)
        studio.close()
        assert time.perf_counter() - begin < 2
    assert not caplog.records


def test_a_studio_that_hangs_holds_up_nobody(listener: Listener) -> None:
    listener.go.clear()
    one = client(listener.url)
    begin = time.perf_counter()
    for at in range(500):
        one.tell(Msg("Ann", f"message {at}"))
    assert time.perf_counter() - begin < 1
    begin = time.perf_counter()
    one.close(timeout=0.2)
    assert time.perf_counter() - begin < 1


def test_of_too_many_messages_the_latest_are_told(listener: Listener) -> None:
    listener.go.clear()
    one = client(listener.url, most=10)
    for at in range(100):
        one.tell(Msg("Ann", str(at)))
    listener.go.set()
    one.close(timeout=5)
    assert [event["text"] for event in listener.received][-10:] == [str(at) for at in range(90, 100)]
    assert len(listener.received) <= 12


def test_messages_wait_for_a_studio_that_is_started_later(service: Service) -> None:
    url = nothing_listens()
    one = client(url)
    one.tell(Msg("Ann", "early"))
    time.sleep(0.2)
    with StudioServer(service, port=int(url.rpartition(":")[2])):
        assert wait_for(lambda: bool(service.store.messages()))
        one.close()
    assert [message["text"] for message in service.store.messages()] == ["early"]


def test_a_connection_that_the_studio_closed_costs_no_message(listener: Listener) -> None:
    one = client(listener.url)
    for at in range(3):
        one.tell(Msg("Ann", str(at)))
        assert listener.heard(at + 1)
        listener.hang_up()
    one.close(timeout=5)
    assert [event["text"] for event in listener.received] == ["0", "1", "2"]


def test_the_token_of_the_studio_goes_with_each_message(listener: Listener) -> None:
    one = client(listener.url, token="s3cret")
    one.tell(Msg("Ann", "hello"))
    one.close(timeout=5)
    assert listener.headers[0]["authorization"] == "Bearer s3cret"


def test_a_studio_that_refuses_is_news_once(studio: StudioServer, caplog: pytest.LogCaptureFixture) -> None:
    one = client(f"{studio.url}/no-such-path")
    for at in range(5):
        one.tell(Msg("Ann", str(at)))
    one.close(timeout=5)
    assert caplog.text.count("takes no messages (HTTP 404)") == 1


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://localhost", "http://", "http://x:99999999"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with isolated(), pytest.raises(ConfigError, match="http://localhost:8000"):
        agents.init(studio_url=url)


def test_offline_nothing_is_told_to_another_machine(caplog: pytest.LogCaptureFixture) -> None:
    with isolated():
        runtime = agents.init(studio_url="http://studio.example:8000", offline=True)
        assert runtime.studio is None
    assert "Offline" in caplog.text


def test_a_short_program_still_tells_everything(listener: Listener) -> None:
    script = (
        "import asyncio, sys, agents\n"
        "from tests.agents.pipeline.speakers import Speaker\n"
        "agents.init(studio_url=sys.argv[1])\n"
        "asyncio.run(Speaker('Ann', 'bye')('hello'))\n"
    )
    subprocess.run([sys.executable, "-c", script, listener.url], cwd=ROOT, env=dict(os.environ), check=True, timeout=60)
    assert [event["text"] for event in listener.received] == ["hello", "bye"]
