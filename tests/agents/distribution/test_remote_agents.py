"""Agents in worker processes behave as agents do, and survive the death of their worker."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import agents
from agents.agent import ReActAgent
from agents.budget import BudgetManager
from agents.distribution import RemoteAgent, RemoteCall, shutdown
from agents.distribution.workers import workers
from agents.exceptions import AgentCallError, BudgetExceeded, DistributionError, RateLimited
from agents.memory import FileDumpMemory
from agents.message import Msg
from agents.model.openai_chat import OpenAIChatModel
from agents.pipeline import MsgHub, SequentialPipeline
from agents.session import JSONSession, StateModule
from agents.testing import ScriptedModel, ScriptedServer, failure, tool_call
from agents.tool import Toolkit
from knowledge.errors import UsageError
from tests.agents.distribution.actors import Actor

# Constructed through this name where `to_dist` is given, which the class of classes takes and mypy does not know.
REMOTE: Any = Actor
REACT: Any = ReActAgent
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module", autouse=True)
def workers_end() -> Iterator[None]:
    yield
    shutdown()
    assert not [child for child in psutil.Process().children() if "agents.worker" in " ".join(child.cmdline())]


def actor(name: str = "actor", to_dist: Any = True, **arguments: Any) -> Any:
    return REMOTE(name, to_dist=to_dist, **arguments)


async def until(path: Path, text: str) -> None:
    async with asyncio.timeout(20):
        while not path.exists() or path.read_text() != text:
            await asyncio.sleep(0.01)


async def worker_of(agent: Any) -> int:
    return int((await agent("pid")).text)


def test_constructing_needs_no_host_and_starts_nothing() -> None:
    before = workers().processes()
    agent = REMOTE("far", to_dist={"host": "no-such-host.invalid", "port": "12345", "resources": {"cpu": 2}})
    assert isinstance(agent, RemoteAgent)
    assert agent.name == "far"
    assert workers().processes() == before


@pytest.mark.parametrize(
    "to_dist",
    [
        "yes",
        3,
        {"hots": "x"},
        {"host": 3},
        {"port": "x"},
        {"port": 0},
        {"port": 70000},
        {"resources": {"memory": "much"}},
    ],
)
def test_a_wrong_placement_is_told_when_constructing(to_dist: Any) -> None:
    with pytest.raises(UsageError):
        REMOTE("a", to_dist=to_dist)


def test_wrong_arguments_are_told_when_constructing() -> None:
    with pytest.raises(TypeError, match="hair"):
        actor(hair="red")
    with pytest.raises(DistributionError, match="cannot be sent"):
        actor(greeting=(at for at in range(3)))


async def test_a_reply_comes_from_another_process_and_stays_the_agents() -> None:
    agent = actor()
    reply = await agent(Msg("user", "pid"))
    assert int(reply.text) != os.getpid()
    assert reply.name == "actor"
    assert isinstance(reply.content, str)
    assert [msg.text for msg in agent.memory.get_memory()] == ["pid", reply.text]
    assert (agent.greeting, agent.count) == ("hello", 1)
    with pytest.raises(AttributeError, match="no attribute 'missing'"):
        _ = agent.missing


async def test_memory_and_observe_work_from_here() -> None:
    agent = actor()
    await agent.observe(Msg("ada", "heard"))
    agent.memory.add(Msg("user", "added"))
    assert [msg.text for msg in await agent.memory.get_memory(recent_n=5)] == ["heard", "added"]
    assert [msg.text for msg in agent.memory.get_memory(filter=lambda msg: msg.name == "ada")] == ["heard"]
    agent.memory.delete(0)
    assert agent.memory.size() == 1
    await agent.memory.clear()
    assert agent.memory.export() == []


async def test_calls_run_as_soon_as_they_are_made_and_each_gets_its_own_answer() -> None:
    team = [actor(f"a{n}", {"host": "localhost"}) for n in range(10)]
    calls = [team[n % 10](f"echo {n}") for n in range(200)]
    assert all(isinstance(call, RemoteCall) for call in calls)
    replies = await asyncio.gather(*calls)
    assert [reply.text for reply in replies] == [str(n) for n in range(200)]
    assert [reply.name for reply in replies[:10]] == [f"a{n}" for n in range(10)]
    assert (await asyncio.create_task(team[0]("echo task"))).text == "task"


def test_a_call_is_a_future_without_any_event_loop() -> None:
    call = actor()("echo now")
    assert call.result(60).text == "now"
    assert call.done()
    assert asyncio.run(again(call)).text == "now"


async def again(call: Any) -> Any:
    return await call


async def test_many_hosts_on_this_machine_take_four_processes_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFDESK_HOSTS", "worker-*.cluster=127.0.0.1")
    team = [actor(f"w{n}", {"host": f"worker-{n % 10}.cluster"}) for n in range(40)]
    replies = await asyncio.gather(*[agent("pid") for agent in team])
    assert 1 < len({reply.text for reply in replies}) <= 4
    assert len(workers().processes()) <= 4


async def test_agents_init_says_where_hosts_are_before_the_environment_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFDESK_HOSTS", "db.internal=nowhere.invalid,*=nowhere.invalid")
    with agents.runtime.isolated():
        agents.init(hosts={"db.internal": "localhost"})
        agent = actor(to_dist={"host": "db.internal"})
    assert await worker_of(agent) in workers().processes()


async def test_a_host_that_nobody_knows_is_a_clear_error_at_the_call() -> None:
    with pytest.raises(DistributionError, match=r"'worker-3\.invalid' cannot be found.*REFDESK_HOSTS"):
        await actor(to_dist={"host": "worker-3.invalid"})("pid")


async def test_more_than_this_machine_has_is_a_clear_error_at_the_call() -> None:
    with pytest.raises(DistributionError, match="this machine has"):
        await actor(to_dist={"resources": {"cpu": 10_000, "memory": "4GB"}})("pid")


async def test_a_death_between_calls_loses_nothing() -> None:
    agent = actor()
    await agent("echo one")
    await agent.observe(Msg("ada", "heard"))
    agent.greeting = "changed"
    worker = await worker_of(agent)
    os.kill(worker, signal.SIGKILL)
    assert (await agent("echo two")).text == "two"
    assert [msg.text for msg in agent.memory.get_memory()] == [
        "echo one",
        "one",
        "heard",
        "pid",
        str(worker),
        "echo two",
        "two",
    ]
    assert (agent.count, agent.greeting) == (3, "changed")


async def test_a_death_during_a_call_asks_again_and_others_get_their_answers(tmp_path: Path) -> None:
    dying, sleeping = actor("dying"), actor("beside")
    deaths = tmp_path / "deaths"
    deaths.write_text("1")
    replies = await asyncio.gather(dying(f"die {deaths}"), sleeping("echo beside"))
    assert [reply.text for reply in replies] == ["alive", "beside"]
    assert dying.memory.size() == 2


async def test_an_agent_that_kills_its_worker_every_time_is_given_up(tmp_path: Path) -> None:
    deaths = tmp_path / "deaths"
    deaths.write_text("99")
    agent = actor("poison")
    with pytest.raises(DistributionError, match=r"worker of poison ended 3 times"):
        await agent(f"die {deaths}")
    assert deaths.read_text() == "96"
    assert (await agent("echo well")).text == "well"


async def test_cancelling_reaches_the_worker_and_the_agent_stays_usable(tmp_path: Path) -> None:
    agent, mark = actor(), tmp_path / "mark"
    task = asyncio.create_task(agent(f"sleep {mark}"))
    await until(mark, "began")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert mark.read_text() == "cancelled"
    assert (await agent("echo usable")).text == "usable"
    assert agent.count == 2


async def test_an_interruption_redirects_the_task_in_the_worker(tmp_path: Path) -> None:
    agent, mark = actor(), tmp_path / "mark"
    task = asyncio.create_task(agent(f"sleep {mark}"))
    await until(mark, "began")
    assert len(agent.running) == 1
    await agent.handle_interrupt(Msg("user", "echo redirected"))
    assert (await task).text == "redirected"
    assert mark.read_text() == "cancelled"


async def test_errors_come_back_as_the_same_classes_with_their_causes() -> None:
    with pytest.raises(AgentCallError, match="too many") as caught:
        await actor("limited")("fail 7")
    assert caught.value.agent == "limited"
    assert isinstance(caught.value.__cause__, RateLimited)
    assert caught.value.__cause__.retry_after == 7.0
    assert isinstance(caught.value.__cause__.__cause__, ValueError)
    assert any("in do_fail" in note for note in caught.value.__cause__.__notes__)


async def test_large_contents_are_sent_once() -> None:
    agent = actor()
    large = Msg("user", "size " + "x" * 2_000_000)
    store = workers().store.folder
    before = set(store.iterdir())
    for _ in range(3):
        assert (await agent(large)).text == "2000000"
    assert agent.memory.get_memory()[0].text == large.text
    kept = [path for path in store.iterdir() if path not in before]
    assert sum(path.stat().st_size for path in kept) < 3 * len(large.text)


async def test_what_changes_here_is_the_same_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    agent = actor()
    monkeypatch.setenv("SOME_SETTING", "first")
    assert (await agent("environment SOME_SETTING")).text.startswith("first ")
    monkeypatch.setenv("SOME_SETTING", "second")
    monkeypatch.chdir(tmp_path)
    assert (await agent("environment SOME_SETTING")).text == f"second {tmp_path}"


async def test_remote_agents_take_part_in_hubs_and_pipelines() -> None:
    one, two, here = actor("one"), actor("two"), Actor("here")
    async with MsgHub(participants=[one, two, here]) as hub:
        await hub.broadcast(Msg("coordinator", "welcome"))
        reply = await SequentialPipeline([one, two])(Msg("user", "echo echo round"))
    assert reply.text == "round"
    assert here.memory is not None
    assert [msg.text for msg in here.memory.get_memory()] == ["welcome", "echo round", "round"]
    assert "welcome" in [msg.text for msg in two.memory.get_memory()]
    await one("echo after")
    assert here.memory.size() == 3


async def test_state_is_saved_and_loaded_through_a_session(tmp_path: Path) -> None:
    one, two = actor("one"), actor("one")
    await one("echo remembered")
    session = JSONSession(tmp_path)
    await session.save_session_state("s", agent=one)
    await session.load_session_state("s", agent=two)
    assert [msg.text for msg in two.memory.get_memory()] == ["echo remembered", "remembered"]
    assert two.count == 1


async def test_hooks_around_a_reply_run_here() -> None:
    agent, seen = actor(), []
    agent.register_instance_hook("post_reply", "note", lambda agent, arguments, output: seen.append(output.text))
    await agent("echo hooked")
    assert seen == ["hooked"]


def test_tools_and_the_model_run_in_the_worker_with_the_configuration_of_here() -> None:
    here = os.getpid()

    def where(city: str) -> str:
        """Where this runs.

        Args:
            city: any city
        """
        return f"{city} {os.getpid() == here}"

    toolkit = Toolkit()
    toolkit.register_tool_function(where)
    steps: list[Any] = [tool_call("where", city="Oslo"), lambda request: f"saw {request.messages[-1]['content']}"]
    with ScriptedServer(steps) as server, agents.runtime.isolated():
        agents.init(
            model_configs={
                "config_name": "c",
                "model_type": "openai_chat",
                "model_name": "gpt-4",
                "api_key": "k",
                "client_args": {"base_url": server.base_url},
            }
        )
        agent = REACT(name="worker", toolkit=toolkit, to_dist=True)
        budget = BudgetManager(max_tokens=1_000_000)

        @budget.track_usage
        async def operation() -> Msg:
            answer: Msg = await agent("go")
            return answer

        reply = asyncio.run(operation())
    assert "Oslo False" in reply.text
    assert budget.total_tokens == reply.metadata["usage"]["total_tokens"] > 0
    assert len(server.requests) == 2


def test_a_budget_stops_a_model_in_the_worker() -> None:
    def again() -> str:
        """Go round."""
        return "again"

    toolkit = Toolkit()
    toolkit.register_tool_function(again)
    with ScriptedServer([tool_call("again")]) as server, agents.runtime.isolated():
        agents.init(
            model_configs={
                "config_name": "c",
                "model_type": "openai_chat",
                "model_name": "gpt-4",
                "api_key": "k",
                "client_args": {"base_url": server.base_url},
            }
        )
        agent = REACT(name="worker", toolkit=toolkit, to_dist=True)
        budget = BudgetManager(max_tokens=25, on_limit="stop")

        @budget.track_usage
        async def operation() -> Msg:
            answer: Msg = await agent("go")
            return answer

        with pytest.raises(BudgetExceeded):
            asyncio.run(operation())
    assert len(server.requests) <= 4


def test_a_call_whose_tool_had_begun_is_not_repeated_unless_that_is_harmless(tmp_path: Path) -> None:
    def die(path: str) -> str:
        """Die once.

        Args:
            path: the file that counts
        """
        file = Path(path)
        file.write_text(file.read_text() + "x")
        if file.read_text() == "x":
            os.kill(os.getpid(), signal.SIGKILL)
        return "alive"

    toolkit = Toolkit()
    toolkit.register_tool_function(die)
    once, twice = tmp_path / "once", tmp_path / "twice"
    for path in (once, twice):
        path.write_text("")

    def steps(request: Any) -> Any:
        path = request.messages[-1]["content"]
        return tool_call("die", path=path) if str(path).startswith("/") else "done"

    with ScriptedServer([steps]) as server, agents.runtime.isolated():
        agents.init(
            model_configs={
                "config_name": "c",
                "model_type": "openai_chat",
                "model_name": "gpt-4",
                "api_key": "k",
                "client_args": {"base_url": server.base_url},
            }
        )
        careful = REACT(name="careful", toolkit=toolkit, to_dist=True)
        with pytest.raises(DistributionError, match="had begun to use a tool"):
            careful(str(once)).result(60)
        bold = REACT(name="bold", toolkit=toolkit, to_dist={"idempotent": True})
        assert bold(str(twice)).result(60).text == "done"
    assert (once.read_text(), twice.read_text()) == ("x", "xx")


def test_a_refused_key_is_the_same_error_as_here() -> None:
    with ScriptedServer([failure(401)]) as server, agents.runtime.isolated():
        agents.init(
            model_configs={
                "config_name": "c",
                "model_type": "openai_chat",
                "model_name": "gpt-4",
                "api_key": "k",
                "client_args": {"base_url": server.base_url},
            }
        )
        with pytest.raises(AgentCallError):
            REACT(name="worker", to_dist=True)("go").result(60)
    assert len(server.requests) <= 2


PARENT = """
import sys, time
from tests.agents.distribution.actors import Actor
team = [Actor(f"a{n}", to_dist=True) for n in range(2)]
print(*[agent("pid").result(60).text for agent in team], flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_neither_worker_nor_folder_outlives_the_parent(how: signal.Signals, tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert all(psutil.pid_exists(pid) for pid in pids)
        parent.send_signal(how)
        parent.wait()
    deadline = time.monotonic() + 10
    while any(psutil.pid_exists(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert list(tmp_path.glob("refdesk-*")) == []


async def test_a_memory_that_outlives_its_process_is_not_written_back_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    agent = REACT(name="keeper", memory=FileDumpMemory(path), to_dist=True)
    await agent("hello")
    for pid in workers().processes():
        os.kill(pid, signal.SIGKILL)
    FileDumpMemory(path).add(Msg("user", "from another process"))
    held = [msg.text for msg in agent.memory.get_memory()]
    assert (held[0], held[-1], len(held)) == ("hello", "from another process", 3)


async def test_a_model_that_was_used_here_travels_and_a_budget_falls_back_there() -> None:
    with ScriptedServer(["from the server"]) as server:
        model = OpenAIChatModel("gpt-4", api_key="k", base_url=server.base_url)
        assert (await ReActAgent(name="near", model=model)("hi")).text == "from the server"
        _ = model.llm
        far = REACT(name="far", model=model, to_dist=True)
        budget = BudgetManager(max_tokens=1, on_limit="fallback", fallback=ScriptedModel(["from the fallback"]))

        @budget.track_usage
        async def operation() -> list[str]:
            return [(await far("one")).text, (await far("two")).text]

        assert await operation() == ["from the server", "from the fallback"]
    assert len(server.requests) == 2


class Preferences(StateModule):
    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.chosen: dict[str, str] = {}

    def choose(self, name: str, value: str) -> None:
        self.chosen[name] = value
        self.count += 1


async def test_state_that_is_given_from_here_is_kept_there_through_a_death() -> None:
    agent = actor()
    agent.state = Preferences()
    agent.state.choose("language", "fr")
    assert (agent.state.count, agent.state.chosen) == (1, {"language": "fr"})
    os.kill(await worker_of(agent), signal.SIGKILL)
    assert agent.state.chosen == {"language": "fr"}
    assert agent.state_dict()["state"]["count"] == 1


async def test_a_proxy_cannot_be_sent_to_a_third_process() -> None:
    with pytest.raises(DistributionError, match="bound to this process"):
        actor(greeting=actor("other"))
