"""Agents elsewhere, as the tutorial's ambiguous lines are read: real workers, real sockets, real kills."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import agents
from agents import DialogAgent, LlamaIndexAgent, ReActAgent
from agents.distribution import shutdown
from agents.exceptions import AgentCallError, DistributionError
from agents.message import Msg
from agents.pipeline import MsgHub, sequential_pipeline
from agents.testing import Reply, Request, tool_call
from agents.tool import Toolkit
from knowledge.errors import RefdeskError
from tests.agents.readings.wire import assert_paired
from tests.agents.tutorial.conftest import Serve
from tests.agents.tutorial.test_operation import names_resolve

ROOT = Path(__file__).parents[3]
# The class of agents takes `to_dist`, which mypy does not see.
REACT: Any = ReActAgent


@pytest.fixture(scope="module", autouse=True)
def workers_end() -> Iterator[None]:
    yield
    shutdown()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def workers_of(process: int | None = None) -> list[psutil.Process]:
    children = psutil.Process(process).children(recursive=True)
    return [child for child in children if "agents.worker" in " ".join(child.cmdline())]


def where_am_i() -> str:
    """Tell the process."""
    return f"pid {os.getpid()}"


@pytest.mark.parametrize(
    "to_dist",
    [
        {"host": "worker-node-1.cluster.internal", "port": "12345", "resources": {"cpu": 2, "memory": "4GB"}},
        {"host": "worker-3.cluster"},
        {"host": "203.0.113.7", "port": 9},
        {"host": "203.0.113.7", "port": "9"},
    ],
)
@pytest.mark.parametrize("kind", [ReActAgent, DialogAgent, LlamaIndexAgent])
def test_constructing_needs_no_host(kind: Any, to_dist: Any) -> None:
    begun = time.perf_counter()
    agent = kind(name="far", to_dist=to_dist)
    assert agent.name == "far"
    assert time.perf_counter() - begun < 1


async def test_a_host_that_cannot_be_reached_is_a_clear_error_of_the_call(serve: Serve) -> None:
    serve(["never"])
    agent = REACT(name="far", to_dist={"host": "no-such-host.invalid"})
    with pytest.raises((AgentCallError, DistributionError), match=r"no-such-host\.invalid"):
        await agent("Hello")


async def test_ten_hosts_of_this_machine_take_four_processes_at_most_each(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve([lambda request: str(request.messages[-1]["content"])])
    with names_resolve(monkeypatch, ".cluster"):
        team = [REACT(name=f"w{at}", to_dist={"host": f"worker-{at % 10}.cluster"}) for at in range(20)]
        replies = await asyncio.gather(*(team[at % 20](f"task {at}") for at in range(100)))
    assert [reply.content for reply in replies] == [f"task {at}" for at in range(100)]
    assert 1 <= len(workers_of()) <= 4


async def test_tools_and_the_model_call_run_in_the_worker_with_the_configuration_of_here(serve: Serve) -> None:
    def answer(request: Request) -> str | Reply:
        last = request.messages[-1]
        return str(last["content"]) if last["role"] == "tool" else tool_call("where_am_i")

    server = serve([answer])
    toolkit = Toolkit()
    toolkit.register_tool_function(where_am_i)
    agent = REACT(name="far", sys_prompt="Be far.", toolkit=toolkit, model_config_name="gpt-4", to_dist=True)
    reply = await agent(Msg("user", "Where?"))
    assert reply.name == "far"
    assert type(reply.content) is str
    pid = int(reply.content.split()[1])
    assert pid != os.getpid()
    assert pid in {process.pid for process in workers_of()}
    assert server.requests[0].body["model"] == "gpt-4"
    assert server.requests[0].headers["authorization"] == "Bearer key-of-the-test"
    assert str(server.requests[0].messages[0]["content"]).startswith("Be far.")
    assert_paired(server.requests)


async def test_memory_and_observing_work_remotely_awaited_or_not(serve: Serve) -> None:
    server = serve(["noted"])
    agent = REACT(name="far", to_dist=True)
    await agent.observe(Msg("Bob", "Bob's news."))
    await agent.observe([Msg("Eve", "Eve's news.")])
    await agent("Anything?")
    assert "Bob's news." in server.requests[-1].text
    assert [message.name for message in await agent.memory.get_memory()] == ["Bob", "Eve", "user", "far"]
    assert [message.name for message in agent.memory.get_memory(recent_n=2)] == ["user", "far"]
    await agent.memory.add(Msg("user", "by hand"))
    assert (await agent.memory.get_memory())[-1].content == "by hand"
    assert await agent.memory.size() == 5
    await agent.memory.clear()
    assert list(await agent.memory.get_memory()) == []


async def test_agents_here_and_there_share_hubs_and_pipelines(serve: Serve) -> None:
    server = serve([lambda _, at=at: f"reply {at}" for at in range(1, 20)])  # type: ignore[misc]  # at is a default
    near, far = ReActAgent(name="near"), REACT(name="far", to_dist=True)
    async with MsgHub([near, far]) as hub:
        await hub.broadcast(Msg("coordinator", "Begin."))
        reply = await sequential_pipeline([near, far], "Go.")
        await hub.broadcast(reply)
    assert reply.name == "far"
    for agent in (near, far):
        texts = [message.text for message in await agent.memory.get_memory()]
        assert len(texts) == len(set(texts)), texts
    words = [str(message["content"]) for message in server.requests[-1].messages]
    assert sum("reply 1" in word for word in words) == 1


async def test_concurrent_calls_of_one_agent_each_get_their_own_answer(serve: Serve) -> None:
    def answer(request: Request) -> Reply:
        asked = [message for message in request.messages if message["role"] == "user"][-1]
        number = int(str(asked["content"]).split()[-1])
        return Reply(f"answer {number}", delay=0.02 * (number % 5))

    server = serve([answer])
    agent = REACT(name="far", to_dist=True)
    replies = await asyncio.gather(*(agent(f"task {at}") for at in range(20)))
    assert [reply.content for reply in replies] == [f"answer {at}" for at in range(20)]
    assert_paired(server.requests)
    kept = [message.content for message in await agent.memory.get_memory()]
    for at in range(20):
        place = kept.index(f"task {at}")
        assert kept[place + 1] == f"answer {at}"


async def test_a_killed_worker_is_started_again_with_the_conversation(serve: Serve) -> None:
    server = serve(["first", "second"])
    agent = REACT(name="far", to_dist=True)
    await agent("one")
    for process in workers_of():
        os.kill(process.pid, signal.SIGKILL)
    assert (await agent("two")).content == "second"
    assert "one" in server.requests[-1].text


async def test_a_port_of_this_machine_is_where_its_worker_is(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(["here"])
    port = free_port()
    with names_resolve(monkeypatch, ".internal"):
        to_dist = {"host": "node-1.internal", "port": str(port), "resources": {"cpu": 1, "memory": "100MB"}}
        agent = REACT(name="far", to_dist=to_dist)
        assert (await agent("Where?")).content == "here"
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass


async def test_a_worker_that_was_started_by_hand_serves_its_host(serve: Serve) -> None:
    serve(["from the standing worker"])
    port = free_port()
    command = [sys.executable, "-m", "agents.worker", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as standing:
        try:
            deadline = time.monotonic() + 30
            while not is_listening(port) and time.monotonic() < deadline:
                await asyncio.sleep(0.1)
            agent = REACT(name="far", to_dist={"host": "127.0.0.1", "port": str(port)})
            assert (await agent("Hello")).content == "from the standing worker"
        finally:
            standing.terminate()


async def test_a_failing_model_is_the_same_error_there(serve: Serve) -> None:
    from agents.testing import failure

    server = serve([failure(401)])
    agent = REACT(name="Far_Away", to_dist=True)
    with pytest.raises(AgentCallError, match="Far_Away") as raised:
        await agent("Hello")
    assert raised.value.__cause__ is not None
    assert isinstance(raised.value, RefdeskError)
    assert len(server.requests) <= 2
    agents.init()
