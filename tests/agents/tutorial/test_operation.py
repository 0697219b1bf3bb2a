"""Studio, tracing and distribution, as the tutorial shows them."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import agents
from agents import ReActAgent
from agents.testing import Request
from tests.agents.tutorial.blocks import block, needs_tutorial, run
from tests.agents.tutorial.conftest import CONFIGS, Serve

pytestmark = needs_tutorial


class Posted(ThreadingHTTPServer):
    """Takes every POST and keeps path and body."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taker)
        self.bodies: list[tuple[str, bytes]] = []


class _Taker(BaseHTTPRequestHandler):
    server: Posted

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        packed = self.headers.get("content-encoding") == "gzip"
        self.server.bodies.append((self.path, gzip.decompress(body) if packed else body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged."""


@contextmanager
def taking() -> Iterator[Posted]:
    server = Posted()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def names_resolve(patch: pytest.MonkeyPatch, *suffixes: str, port: int | None = None) -> Iterator[None]:
    """Host names that end in one of `suffixes` stand for this machine, at `port` where one is given."""
    real = socket.getaddrinfo

    def resolve(host: Any, at: Any, *arguments: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if isinstance(name, str) and name.endswith(suffixes):
            return real("127.0.0.1", port or at, *arguments, **named)
        return real(host, at, *arguments, **named)

    with patch.context() as inner:
        inner.setattr(socket, "getaddrinfo", resolve)
        yield


async def until(condition: Any, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.05)


async def test_the_studio_sees_who_says_what_and_no_key(serve: Serve, workplace: Path) -> None:
    serve(["Everything is in order."])
    (workplace / "model_config.json").write_text(json.dumps(CONFIGS), "utf-8")
    with taking() as studio:
        code = block("studio_url=").replace("http://localhost:8000", f"http://127.0.0.1:{studio.server_address[1]}")
        names = await run(code, ReActAgent=ReActAgent)
        assert (await names["agent"]("Is all well?")).content == "Everything is in order."
        await until(lambda: any(b"Everything is in order." in body for _, body in studio.bodies))
        whole = b"\n".join(body for _, body in studio.bodies)
        assert b"My Agent Project" in whole
        assert b"Monitored_Agent" in whole
        assert b"key-of-the-test" not in whole
        assert all(json.loads(body) is not None for _, body in studio.bodies)


async def test_a_studio_that_is_not_there_disturbs_nothing(serve: Serve, workplace: Path) -> None:
    serve(["Fine."])
    (workplace / "model_config.json").write_text(json.dumps(CONFIGS[0]), "utf-8")
    code = block("studio_url=").replace("http://localhost:8000", "http://127.0.0.1:9")
    names = await run(code, ReActAgent=ReActAgent)
    begun = time.perf_counter()
    assert (await names["agent"]("Well?")).content == "Fine."
    assert time.perf_counter() - begun < 2


async def test_spans_reach_the_endpoint_as_given(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(["Analysed."])
    with taking() as collector, names_resolve(monkeypatch, "jaeger", port=collector.server_address[1]):
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
        names = await run(block("setup_tracing("), agent=ReActAgent(name="Traced"))
        reply = await names["monitored_agent_call"]()
        assert reply.content == "Analysed."
        await until(lambda: "monitored_agent_call" in spans(collector))
        await until(lambda: any("gpt-4" in name for name in spans(collector)))
        assert {path for path, _ in collector.bodies} == {"/api/traces"}
        assert services(collector) == {"my_agent_service"}


def requests(collector: Posted) -> Iterator[Any]:
    for _, body in list(collector.bodies):
        request = ExportTraceServiceRequest()
        request.ParseFromString(body)
        yield from request.resource_spans


def spans(collector: Posted) -> set[str]:
    return {span.name for group in requests(collector) for scope in group.scope_spans for span in scope.spans}


def services(collector: Posted) -> set[str]:
    return {
        attribute.value.string_value
        for group in requests(collector)
        for attribute in group.resource.attributes
        if attribute.key == "service.name"
    }


async def test_agents_run_elsewhere_with_the_same_code(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve([lambda request: f"heard {len(request.messages)}"])
    with names_resolve(monkeypatch, "worker-node-1.cluster.internal"):
        names = await run(block("worker-node-1"), ReActAgent=ReActAgent)
        here, there = names["agent"], names["distributed_agent"]
        assert (await here("Hello")).content == (await there("Hello")).content == "heard 1"
        assert [message.content for message in await there.memory.get_memory()] == ["Hello", "heard 1"]
        assert len(server.requests) == 2


async def test_a_hundred_agents_do_a_thousand_tasks(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: Request) -> str:
        return f"done {request.messages[-1]['content']}"

    serve([answer])
    with names_resolve(monkeypatch, ".cluster"):
        names = await run(
            block("distributed_workflow"), ReActAgent=ReActAgent, generate_task=lambda number: f"task {number}"
        )
        begun = time.perf_counter()
        results = await names["distributed_workflow"]()
        print(f"1,000 tasks of 100 distributed agents took {time.perf_counter() - begun:.1f} s")
    assert [result.content for result in results] == [f"done task {number}" for number in range(1000)]
    assert len({result.name for result in results}) == 100


def test_nothing_is_configured_before_init() -> None:
    assert "OPENAI_BASE_URL" not in os.environ
    agents.init()
