"""Errors, budgets and interruptions as the tutorial's ambiguous lines are read."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from typing import Any

import pytest

import agents
from agents import DialogAgent, LlamaIndexAgent, ReActAgent
from agents.budget import BudgetManager
from agents.exceptions import AgentCallError
from agents.message import Msg
from agents.model import OpenAIChatModel
from agents.pipeline import FanoutPipeline, MsgHub, SequentialPipeline
from agents.testing import Reply, Request, ScriptedServer, failure, tool_call
from agents.tool import Toolkit
from tests.agents.readings.wire import assert_paired
from tests.agents.tutorial.conftest import CONFIGS, Serve


def said_last(request: Request) -> str:
    return next(str(message["content"]) for message in reversed(request.messages) if message["role"] == "user")


FAILURES = {
    "server error": failure(500),
    "rate limit": failure(429),
    "refused key": failure(401),
    "forbidden": failure(403),
    "bad request": failure(400),
    "no such model": failure(404),
    "no JSON": Reply(raw="<html>Gateway</html>"),
    "nothing at all": Reply(""),
    "dropped stream": Reply("half a sent", drop=True),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("reply", FAILURES.values(), ids=FAILURES.keys())
async def test_any_model_failure_is_a_call_error_with_cause_and_name(
    serve: Serve, reply: Reply, *, stream: bool
) -> None:
    server = serve([reply])
    if reply.drop and not stream:
        pytest.skip("only a stream drops")
    agent = ReActAgent(name="Unlucky", model=OpenAIChatModel("gpt-4", api_key="k", stream=stream))
    begun = time.perf_counter()
    with pytest.raises(AgentCallError, match="Unlucky") as raised:
        await agent("Hello")
    assert raised.value.__cause__ is not None
    assert raised.value.agent == "Unlucky"
    assert time.perf_counter() - begun < 30
    assert len(server.requests) <= (2 if reply.status == 401 else 3)
    assert str(raised.value) != "k"
    assert next(message.content for message in agent.memory.get_memory()) == "Hello"


@pytest.mark.parametrize("kind", [DialogAgent, ReActAgent, LlamaIndexAgent])
async def test_a_model_that_cannot_be_reached_is_a_call_error(kind: Any) -> None:
    model = OpenAIChatModel("gpt-4", api_key="k", base_url="http://127.0.0.1:9/v1")
    with pytest.raises(AgentCallError, match="Cut_Off"):
        await kind(name="Cut_Off", model=model)("Hello")


async def test_a_call_error_passes_through_pipelines_and_hubs_as_itself(serve: Serve) -> None:
    serve([failure(400)])
    one, two = DialogAgent(name="One"), DialogAgent(name="Two")
    with pytest.raises(AgentCallError, match="One"):
        await SequentialPipeline([one, two])("Hello")
    with pytest.raises(AgentCallError):
        await FanoutPipeline([one, two])("Hello")
    async with MsgHub([one, two]):
        with pytest.raises(AgentCallError, match="Two"):
            await two("Hello")


@pytest.mark.parametrize("status", [429, 503])
async def test_a_passing_failure_is_retried_within_bounds(serve: Serve, status: int) -> None:
    server = serve([failure(status, Retry_After="0"), failure(status, Retry_After="0"), "Here."])
    assert (await ReActAgent(name="A")("Hello")).content == "Here."
    assert len(server.requests) == 3


async def test_a_wait_of_an_hour_is_not_waited_for(serve: Serve) -> None:
    serve([failure(429, Retry_After="3600")])
    begun = time.perf_counter()
    with pytest.raises(AgentCallError):
        await ReActAgent(name="A")("Hello")
    assert time.perf_counter() - begun < 100


async def test_a_budget_counts_all_and_only_what_happens_inside(serve: Serve) -> None:
    def counted(request: Request) -> Reply:
        return Reply("four words in all", input_tokens=10, output_tokens=5)

    serve([counted])
    expensive, other = ReActAgent(name="Expensive"), DialogAgent(name="Other")
    budget = BudgetManager(max_tokens=40)

    @budget.track_usage
    async def operation(times: int) -> int:
        await asyncio.gather(*(expensive(f"task {at}") for at in range(times)))
        return budget.total_tokens

    await expensive("before")
    outside = asyncio.create_task(other("meanwhile"))
    assert await operation(2) == 30
    await outside
    assert not budget.exceeds_limit()
    await asyncio.to_thread(asyncio.run, other("elsewhere"))
    assert budget.total_tokens == 30
    assert await operation(1) == 45
    assert budget.exceeds_limit()
    assert not inspect.isawaitable(budget.exceeds_limit())


async def test_over_is_above_and_not_at_the_limit(serve: Serve) -> None:
    serve([Reply("words", input_tokens=6, output_tokens=4)])
    at, above = BudgetManager(max_tokens=10, max_cost=5.00), BudgetManager(max_tokens=9)

    @at.track_usage
    @above.track_usage
    async def operation() -> None:
        await DialogAgent(name="A")("Hello")

    await operation()
    assert (at.total_tokens, at.exceeds_limit()) == (10, False)
    assert (above.total_tokens, above.exceeds_limit()) == (10, True)


@pytest.mark.parametrize(("model", "free"), [("gpt-4", False), ("gpt-4o-mini", False), ("gpt-4o", False)])
async def test_prices_are_built_in(serve: Serve, model: str, *, free: bool) -> None:
    serve([Reply("words", input_tokens=1_000_000, output_tokens=1_000_000)])
    agents.init([{**CONFIGS[0], "model_name": model}])
    budget = BudgetManager(max_cost=0.01)

    @budget.track_usage
    async def operation() -> None:
        await DialogAgent(name="A")("Hello")

    await operation()
    assert (budget.total_cost > 0) is not free
    assert budget.exceeds_limit()


@pytest.mark.parametrize("stream", [True, False])
async def test_every_model_call_of_a_tool_loop_counts_live(serve: Serve, *, stream: bool) -> None:
    budget = BudgetManager(max_tokens=1_000)
    seen: list[int] = []

    async def look() -> str:
        """Look at the budget."""
        seen.append(budget.total_tokens)
        return "looked"

    serve(
        [
            Reply(tool_calls=tool_call("look").tool_calls, input_tokens=100, output_tokens=10),
            Reply("done", input_tokens=200, output_tokens=20),
        ]
    )
    toolkit = Toolkit()
    toolkit.register_tool_function(look)
    agent = ReActAgent(name="A", toolkit=toolkit, model=OpenAIChatModel("gpt-4", api_key="k", stream=stream))

    @budget.track_usage
    async def operation() -> Msg:
        return await agent("Go")

    reply = await operation()
    assert seen == [110]
    assert budget.total_tokens == 330
    assert reply.metadata["usage"]["total_tokens"] == 330


async def test_an_alert_shows_in_log_and_list(caplog: pytest.LogCaptureFixture) -> None:
    budget = BudgetManager(max_tokens=1)
    sending = budget.send_alert("Budget limit approaching")
    assert inspect.isawaitable(sending)
    with caplog.at_level(logging.INFO):
        await sending
    assert "Budget limit approaching" in caplog.text
    assert any("Budget limit approaching" in str(alert) for alert in budget.alerts)


def slow_then(brief: str) -> Any:
    def answer(request: Request) -> str | Reply:
        return brief if "brief" in said_last(request) else Reply("never shown", delay=30)

    return answer


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("times", [1, 3])
async def test_an_interrupted_task_gives_the_new_answer_and_hangs_up(serve: Serve, times: int, *, stream: bool) -> None:
    server = serve([slow_then("Briefly.")])
    agent = ReActAgent(name="A", enable_interruption=True, model=OpenAIChatModel("gpt-4", api_key="k", stream=stream))
    task = asyncio.create_task(agent("Long-running analysis task"))
    await arrived(server, 1)
    for at in range(times - 1):
        await agent.handle_interrupt(Msg("user", f"no, detour {at}"))
        await arrived(server, at + 2)
    await agent.handle_interrupt(Msg("user", "be brief"))
    begun = time.perf_counter()
    reply = await task
    assert time.perf_counter() - begun < 5
    assert (reply.name, reply.content) == ("A", "Briefly.")
    assert not task.cancelled()
    for _ in range(100):
        if server.requests[0].gone.is_set():
            break
        await asyncio.sleep(0.02)
    assert server.requests[0].gone.is_set()
    kept = [message.text for message in agent.memory.get_memory()]
    assert kept[0] == "Long-running analysis task"
    assert kept[-2:] == ["be brief", "Briefly."]
    assert "Long-running analysis task" in server.requests[-1].text
    assert_paired(server.requests)


async def arrived(server: ScriptedServer, count: int) -> None:
    async with asyncio.timeout(10):
        while len(server.requests) < count:
            await asyncio.sleep(0.01)


async def test_an_interruption_during_a_tool_keeps_call_and_result_together(serve: Serve) -> None:
    started = asyncio.Event()

    async def long_work() -> str:
        """Work."""
        started.set()
        await asyncio.sleep(30)
        return "finished"

    toolkit = Toolkit()
    toolkit.register_tool_function(long_work)
    server = serve([tool_call("long_work"), "The new answer.", "Later."])
    agent = ReActAgent(name="A", toolkit=toolkit)
    task = asyncio.create_task(agent("Work."))
    await started.wait()
    await agent.handle_interrupt(Msg("user", "Never mind, answer at once."))
    assert (await task).content == "The new answer."
    await agent("And?")
    assert_paired(server.requests)
    assert "Work." in server.requests[-1].text


@pytest.mark.parametrize("moment", ["before the request", "during it", "during a tool"])
async def test_after_cancelling_the_agent_stays_usable(serve: Serve, moment: str) -> None:
    started = asyncio.Event()

    async def long_work() -> str:
        """Work."""
        started.set()
        await asyncio.sleep(30)
        return "finished"

    toolkit = Toolkit()
    toolkit.register_tool_function(long_work)
    first = tool_call("long_work") if moment == "during a tool" else Reply("late", delay=30)
    server = serve([first, "Here again."] if moment != "before the request" else ["Here again."])
    agent = ReActAgent(name="A", toolkit=toolkit)
    task = asyncio.create_task(agent("First."))
    if moment == "during it":
        await arrived(server, 1)
    if moment == "during a tool":
        await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()
    assert (await agent("Second.")).content == "Here again."
    assert not agent.running
    assert_paired(server.requests)
