"""First agents, hub and pipelines, memory, state, errors and steering, as the tutorial shows them."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agents import AgentBase, DialogAgent, ReActAgent, UserAgent
from agents.exceptions import AgentCallError
from agents.memory import InMemoryMemory
from agents.message import Msg
from agents.pipeline import MsgHub
from agents.testing import Reply, Request, failure, tool_call
from agents.tool import Toolkit
from tests.agents.tutorial.blocks import block, needs_tutorial, run
from tests.agents.tutorial.conftest import Serve

pytestmark = needs_tutorial


def last_user_words(request: Request) -> str:
    return next(str(message["content"]) for message in reversed(request.messages) if message["role"] == "user")


def roles(request: Request) -> list[str]:
    return [str(message["role"]) for message in request.messages]


async def test_the_first_agent_streams_reasons_and_runs_code(serve: Serve) -> None:
    server = serve([tool_call("execute_python_code", code="print(6 * 7)"), "It is 42."])
    names = await run(block("create_first_agent"))
    agent, user = await names["create_first_agent"]()

    reply = await agent(Msg("user", "What is six times seven?"))

    assert (reply.name, reply.content) == ("Assistant", "It is 42.")
    assert isinstance(user, UserAgent)
    first, second = server.requests
    assert first.body["model"] == "qwen-max"
    assert first.body["stream"] is True
    assert first.body["stream_options"] == {"include_usage": True}
    assert first.messages[0]["role"] == "system"
    assert "coding capabilities" in str(first.messages[0]["content"])
    assert "42" in str(second.messages[-1]["content"])
    assert second.messages[-1]["role"] == "tool"


async def test_the_hub_broadcasts_and_its_members_hear_each_other(serve: Serve) -> None:
    server = serve([lambda request: f"answer {len(request.messages)}"])
    specialist = ReActAgent(name="Specialist")
    names = await run(
        block("advanced_communication_example"),
        ReActAgent=ReActAgent,
        DialogAgent=DialogAgent,
        research_tools=Toolkit(),
        analysis_tools=Toolkit(),
        technical_agent=DialogAgent(name="Technical"),
        general_agent=DialogAgent(name="General"),
        complex_analysis_needed=True,
        specialist_agent=specialist,
        initial_message="What moved the market?",
    )
    reply = await names["advanced_communication_example"]()

    assert reply.name == "Writer"
    writer = server.requests[-1].text
    assert "Analyze market trends" in writer
    assert "answer" in writer
    heard = [message.name for message in specialist.memory.get_memory()]
    assert heard == ["Researcher", "Analyst", "Writer"]
    assert "What moved the market?" not in [message.content for message in specialist.memory.get_memory()]


async def test_a_condition_chooses_the_branch(serve: Serve) -> None:
    serve(["fine"])
    technical, general = DialogAgent(name="Technical"), DialogAgent(name="General")
    source = block("advanced_communication_example").replace(
        "    # Multi-agent hub for collaborative work", "    return conditional_pipe\n", 1
    )
    names = await run(
        source,
        ReActAgent=ReActAgent,
        DialogAgent=DialogAgent,
        research_tools=Toolkit(),
        analysis_tools=Toolkit(),
        technical_agent=technical,
        general_agent=general,
    )
    pipe = await names["advanced_communication_example"]()
    assert (await pipe(Msg("user", "A Technical question"))).name == "Technical"
    assert (await pipe(Msg("user", "Small talk"))).name == "General"


async def test_memories_are_used_without_awaiting() -> None:
    memory = InMemoryMemory()
    names = await run(block("FileDumpMemory(", "recent_n=10"), memory=memory)
    assert [message.content for message in names["recent"]] == ["Hello", "Hi there!"]
    assert [message.role for message in names["recent"]] == ["user", "assistant"]
    assert json.loads(json.dumps(names["exported"]))[0]["content"] == "Hello"
    for at in range(20):
        memory.add(Msg("user", str(at)))
    assert [message.content for message in memory.get_memory(recent_n=10)] == [str(at) for at in range(10, 20)]
    assert list(await memory.get_memory(recent_n=0)) == []
    names["persistent"].add(Msg("user", "kept"))
    assert json.loads(Path("agent_history.json").read_text("utf-8"))[0]["content"] == "kept"


async def test_an_agents_state_is_saved_and_restored_with_its_conversation(serve: Serve) -> None:
    serve(["Noted."])
    code = block("class CustomAgentState")
    prepared = code.replace(
        "# Save complete agent state",
        "await agent('Remember me')\nagent.state.update_preferences({'tone': 'dry'})\n",
        1,
    )
    names = await run(prepared)
    other: Any = ReActAgent(name="Stateful_Agent")
    other.state = names["CustomAgentState"]()
    other.load_state_dict(json.loads(Path("agent_state.json").read_text("utf-8")))
    assert other.state.user_preferences == {"tone": "dry"}
    assert other.state.conversation_count == 1
    assert [message.content for message in other.memory.get_memory()] == ["Remember me", "Noted."]


async def test_a_failing_agent_is_tried_again_and_then_replaced(serve: Serve) -> None:
    serve([failure(500)])
    agent = ReActAgent(name="Unlucky")

    async def fallback_agent(task: str) -> str:
        return f"fallback: {task}"

    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    names = await run(
        block("resilient_agent_interaction"),
        agent=agent,
        fallback_agent=fallback_agent,
        asyncio=SimpleNamespace(sleep=sleep),
    )
    assert await names["resilient_agent_interaction"]() == "fallback: Simplified version of task"
    assert slept == [1, 2]
    with pytest.raises(AgentCallError, match="Unlucky") as raised:
        await agent("Complex reasoning task")
    assert raised.value.__cause__ is not None


async def test_a_refused_key_is_tried_twice_at_most(serve: Serve) -> None:
    server = serve([failure(401)])
    with pytest.raises(AgentCallError):
        await ReActAgent(name="Locked_Out")("Hello")
    assert len(server.requests) <= 2


async def test_a_budget_counts_what_happens_within_and_alerts(serve: Serve) -> None:
    serve(["word " * 400])
    expensive = ReActAgent(name="Expensive")
    code = block("BudgetManager(").replace("max_tokens=10000", "max_tokens=300")
    names = await run(code, expensive_agent=expensive)
    await expensive("not counted")
    assert names["budget"].total_tokens == 0
    reply = await names["cost_controlled_operation"]()
    assert reply.name == "Expensive"
    assert names["budget"].total_tokens > 300
    assert names["budget"].exceeds_limit()
    assert any("Budget limit approaching" in str(alert) for alert in names["budget"].alerts)


async def test_frameworks_move_over_as_the_tutorial_says(serve: Serve) -> None:
    serve([lambda request: f"heard {roles(request).count('user')}"])
    made = [DialogAgent(name=f"Agent{at}") for at in (1, 2, 3)]
    names = await run(block("migrate_from_autogen"), **{f"agent{at}": agent for at, agent in enumerate(made, start=1)})
    reply = await names["migrate_from_autogen"]()
    assert reply.name == "Agent3"
    assert [message.name for message in made[2].memory.get_memory()] == ["Agent1", "Agent2", "Agent3"]

    moved = await run(
        block("research_pipeline ="),
        researcher=DialogAgent(name="Researcher"),
        writer=DialogAgent(name="Writer"),
        initial_task="Write about the sea",
    )
    assert moved["result"].name == "Writer"


async def test_a_running_agent_is_redirected_and_answers_the_new_instruction(serve: Serve) -> None:
    def answer(request: Request) -> str | Reply:
        words = last_user_words(request)
        return "The short version." if "be brief" in words else Reply("never shown", delay=30)

    server = serve([answer])
    inputs = iter(["wait", "redirect: be brief", "wait", "wait", "wait"])

    async def get_user_input_async() -> str:
        await asyncio.sleep(0.05)
        return next(inputs, "wait")

    code = block("interactive_agent_system").replace("asyncio.sleep(1)", "asyncio.sleep(0.1)")
    names = await run(
        code.replace("result = await task", "result = (await task, agent)"), get_user_input_async=get_user_input_async
    )
    begun = time.perf_counter()
    reply, agent = await names["interactive_agent_system"]()
    assert time.perf_counter() - begun < 10
    assert reply.content == "The short version."
    kept = [message.text for message in agent.memory.get_memory()]
    assert any("Long-running analysis task" in text for text in kept)
    assert "Long-running analysis task" in server.requests[-1].text


async def test_a_stopped_agent_stays_usable(serve: Serve) -> None:
    serve([lambda asked: "Here again." if "there" in last_user_words(asked) else Reply("too late", delay=30)])
    made: list[AgentBase] = []

    class Watched(ReActAgent):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            made.append(self)

    async def get_user_input_async() -> str:
        await asyncio.sleep(0.2)
        return "stop"

    names = await run(block("interactive_agent_system"), ReActAgent=Watched, get_user_input_async=get_user_input_async)
    with pytest.raises(asyncio.CancelledError):
        await names["interactive_agent_system"]()
    assert (await made[0]("Are you there?")).content == "Here again."


async def test_tools_are_provided_as_the_context_asks_for(serve: Serve) -> None:
    def pandas_query(expression: str) -> str:
        """Query the data."""
        return f"rows of {expression}"

    def matplotlib_plot(column: str) -> str:
        """Plot a column."""
        return column

    def statistical_analysis(column: str) -> str:
        """Describe a column."""
        return column

    server = serve([tool_call("pandas_query", expression="sales > 3"), "Sales rise."])
    code = block("adaptive_agent_system").replace("I need to analyze sales data", "data analysis of sales")
    names = await run(
        code,
        pandas_query=pandas_query,
        matplotlib_plot=matplotlib_plot,
        statistical_analysis=statistical_analysis,
    )
    reply = await names["adaptive_agent_system"]()
    assert reply.content == "Sales rise."
    assert set(server.requests[0].tools) >= {"execute_python_code", "pandas_query", "statistical_analysis"}
    assert "rows of sales > 3" in server.requests[1].text


async def test_the_research_team_works_side_by_side(serve: Serve) -> None:
    def web_search(query: str) -> str:
        """Search the web."""
        return f"results for {query}"

    def answer(request: Request) -> str | Reply:
        system = str(request.messages[0]["content"])
        if "quantitative" in system:
            return Reply("Numbers.", delay=0.5)
        if "literature" in system:
            return Reply("Papers.", delay=0.5)
        return "Report." if "synthesize" in system else "Plan: numbers, then papers."

    server = serve([answer])
    names = await run(block("build_research_team"), web_search=web_search, Msg=Msg)
    begun = time.perf_counter()
    report = await names["run_research_project"]()
    assert time.perf_counter() - begun < 1.4
    assert (report.name, report.content) == ("Research_Synthesizer", "Report.")
    last = server.requests[-1].text
    assert "Synthesize these findings: Numbers. | Papers." in last
    assert "Plan: numbers" in last


async def test_a_hub_that_is_left_passes_nothing_on(serve: Serve) -> None:
    serve(["word"])
    one, two = DialogAgent(name="One"), DialogAgent(name="Two")
    async with MsgHub(participants=[one, two]):
        await one("inside")
    await one("outside")
    assert [message.content for message in two.memory.get_memory()] == ["word"]
