"""Studio and tracing as the tutorial's ambiguous lines are read."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request as Ask
from urllib.request import urlopen

import pytest

import agents
from agents import DialogAgent, ReActAgent, UserAgent
from agents.memory import InMemoryMemory
from agents.message import Msg
from agents.pipeline import MsgHub, SequentialPipeline
from agents.testing import ScriptedServer, tool_call
from agents.tool import Toolkit
from agents.tracing import setup_tracing, stop_tracing, trace, trace_llm
from tests.agents.tracing.receiver import Receiver, wait_for
from tests.agents.tutorial.conftest import CONFIGS, Serve
from tests.agents.tutorial.test_operation import taking, until

ROOT = Path(__file__).parents[3]
SECRETS = ("key-of-the-test", "sk-in-the-environment")


def program(text: str, *, folder: Path, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(text)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("form", ["keyword", "slash", "path"])
async def test_a_studio_is_told_project_speaker_and_text_in_readable_json(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRETS[1])
    serve([tool_call("nothing_here"), "Grüße an die Runde.", "Second."])
    with taking() as studio:
        url = f"http://127.0.0.1:{studio.server_address[1]}" + {"keyword": "", "slash": "/", "path": "/studio"}[form]
        agents.init(model_configs=CONFIGS, studio_url=url, project_name="My Agent Project")
        agent = ReActAgent(name="Monitored_Agent")
        other = DialogAgent(name="Other")
        async with MsgHub([agent, other], announcement=Msg("host", "An announcement.")) as hub:
            await hub.broadcast(Msg("host", "A broadcast."))
            await SequentialPipeline([agent, other])("What is new?")
        await until(lambda: any(b"Second." in body for _, body in studio.bodies))
        whole = b"\n".join(body for _, body in studio.bodies).decode()
    events = [json.loads(body) for _, body in studio.bodies]
    assert {event["project"] for event in events} == {"My Agent Project"}
    told = {(event["speaker"], event["text"]) for event in events}
    assert {
        ("host", "An announcement."),
        ("host", "A broadcast."),
        ("user", "What is new?"),
        ("Monitored_Agent", "Grüße an die Runde."),
        ("Other", "Second."),
    } <= told
    assert "Grüße" in whole
    assert not any(secret in whole for secret in SECRETS)


@pytest.mark.parametrize("where", ["closed port", "silent listener", "no such host"])
async def test_a_studio_that_is_not_there_costs_neither_error_nor_time(serve: Serve, where: str) -> None:
    serve(["Fine."])
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if where == "silent listener":
            silent.listen(1)
        port = silent.getsockname()[1]
        if where == "closed port":
            silent.close()
        url = f"http://127.0.0.1:{port}" if where != "no such host" else "http://studio.invalid:8000"
        begun = time.perf_counter()
        agents.init(model_configs=CONFIGS, studio_url=url, project_name="P")
        for _ in range(3):
            assert (await ReActAgent(name="A")("Well?")).content == "Fine."
        assert time.perf_counter() - begun < 2


def test_a_process_with_a_studio_that_is_not_there_ends_at_once(tmp_path: Path) -> None:
    text = """
    import asyncio, time
    import agents
    agents.init(studio_url="http://127.0.0.1:9", project_name="P")
    begun = time.monotonic()
    print(asyncio.run(agents.DialogAgent(name="A")("Hello")).name, flush=True)
    import atexit
    atexit.register(lambda: print(f"{time.monotonic() - begun:.2f}", flush=True))
    """
    with program(text, folder=tmp_path) as running:
        out, _ = running.communicate(timeout=60)
        ended = time.monotonic()
    assert out.splitlines()[0] == "A"
    assert running.returncode == 0
    assert time.monotonic() - ended < 5


@pytest.mark.parametrize("token", ["", "a-token-that-is-long-enough"])
def test_our_own_studio_listens_on_8000_and_lets_loopback_in(tmp_path: Path, token: str) -> None:
    from agents.studio.server import PORT

    assert PORT == 8000
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "serve.cli", "studio", "--port", port, "--folder", str(tmp_path)]
    variables = {**os.environ, "PYTHONPATH": str(ROOT)} | ({"REFDESK_STUDIO_TOKEN": token} if token else {})
    with subprocess.Popen(command, env=variables, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            assert f":{port}" in running.stdout.readline()
            body = json.dumps({"project": "P", "speaker": "A", "text": "Hello", "id": "1"}).encode()
            with urlopen(
                Ask(f"http://127.0.0.1:{port}/api/messages", body, {"Content-Type": "application/json"})
            ) as ok:
                assert ok.status < 300
            with urlopen(f"http://localhost:{port}/") as page:
                assert page.status == 200
            outside = Ask(f"http://127.0.0.1:{port}/", headers={"X-Forwarded-For": "203.0.113.9"})
            with pytest.raises(HTTPError) as refused:
                urlopen(outside)
            assert refused.value.code in (401, 403)
            refused.value.close()
            if token:
                outside.add_header("Authorization", f"Bearer {token}")
                with urlopen(outside) as page:
                    assert page.status == 200
        finally:
            running.terminate()


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
    with Receiver() as receiver:
        yield receiver
        stop_tracing()


async def test_all_agents_are_traced_those_that_were_there_before_too(serve: Serve, collector: Receiver) -> None:
    serve(["Hello."])
    before = ReActAgent(name="Before")
    setup_tracing(service_name="my_agent_service", tracing_endpoint=collector.url)
    after = DialogAgent(name="After")

    @trace_llm
    async def monitored_agent_call() -> Msg:
        return await before("Analyze this data")

    @trace_llm
    def plain_call() -> str:
        return "plain"

    @trace
    async def any_work() -> str:
        return "done"

    assert (await monitored_agent_call()).content == "Hello."
    await after("Hi")
    await UserAgent("Person", lambda *_: "typed")("Hi")
    await asyncio.to_thread(asyncio.run, ReActAgent(name="InThread")("Hi"))
    assert plain_call() == "plain"
    assert await any_work() == "done"
    for name in ("monitored_agent_call", "plain_call", "any_work"):
        assert await asyncio.to_thread(wait_for, lambda name=name: name in collector.names), name  # type: ignore[misc]
    whole = " ".join(collector.names)
    for name in ("Before", "After", "Person", "InThread"):
        assert name in whole
    assert set(collector.paths) == {"/api/traces"}
    assert collector.services == {"my_agent_service"}


async def test_init_traces_at_exactly_the_address_given(serve: Serve, collector: Receiver) -> None:
    serve(["Hello."])
    agents.init(model_configs=CONFIGS, project_name="The Project", tracing_endpoint=f"{collector.url}/deep?x=1")
    await ReActAgent(name="A", memory=InMemoryMemory(), toolkit=Toolkit())("Hi")
    assert await asyncio.to_thread(wait_for, lambda: bool(collector.paths))
    assert set(collector.paths) == {"/api/traces/deep?x=1"}


@pytest.mark.parametrize("delay", ["100", None])
def test_spans_are_exported_while_the_process_goes_on(tmp_path: Path, delay: str | None) -> None:
    text = """
    import asyncio, os, time
    import agents
    from agents.tracing import setup_tracing, trace_llm
    setup_tracing(service_name="s", tracing_endpoint=os.environ["COLLECTOR"])
    @trace_llm
    async def call():
        return await agents.DialogAgent(name="A")("Hello")
    asyncio.run(call())
    print("called", flush=True)
    time.sleep(60)
    """
    with Receiver() as receiver:
        variables = {"COLLECTOR": receiver.url} | ({"OTEL_BSP_SCHEDULE_DELAY": delay} if delay else {})
        with program(text, folder=tmp_path, **variables) as running:
            try:
                assert running.stdout is not None
                assert running.stdout.readline() == "called\n"
                assert wait_for(lambda: "call" in receiver.names, seconds=3 if delay else 15)
            finally:
                running.kill()


async def test_a_tracing_endpoint_that_is_not_there_disturbs_nobody(serve: Serve) -> None:
    server: ScriptedServer = serve(["Hello."])
    setup_tracing(service_name="s", tracing_endpoint="http://127.0.0.1:9/api/traces")
    begun = time.perf_counter()
    assert (await ReActAgent(name="A")("Hi")).content == "Hello."
    assert time.perf_counter() - begun < 2
    assert len(server.requests) == 1
    stop_tracing(timeout=0.1)
