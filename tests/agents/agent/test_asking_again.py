"""A question that got no answer and is asked again stands in the conversation once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agents.agent import DialogAgent, ReActAgent
from agents.agent.asking_again import MOST
from agents.exceptions import AgentCallError
from agents.memory import FileDumpMemory
from agents.message import Msg
from agents.testing import Reply, ScriptedModel, failure, tool_call
from agents.tool import Toolkit


def texts(agent: DialogAgent | ReActAgent) -> list[str]:
    return [msg.text for msg in agent.memory.get_memory()]


async def failing(agent: DialogAgent | ReActAgent, msg: Msg | str, *, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(AgentCallError):
            await agent(msg)


@pytest.mark.parametrize("kind", ["text", "message", "messages alike"])
async def test_a_loop_of_retries_stores_its_question_once(kind: str) -> None:
    model = ScriptedModel([failure(500), failure(500), failure(500), "Here."])
    agent = DialogAgent("bot", model=model)
    alike = Msg("user", "Where?")
    for _ in range(3):
        asked: dict[str, Msg | str] = {"text": "Where?", "message": alike, "messages alike": Msg("user", "Where?")}
        await failing(agent, asked[kind])
    assert (await agent("Where?")).text == "Here."
    assert texts(agent) == ["Where?", "Here."]
    assert model.requests[-1].text.count("Where?") == 1


async def test_it_is_stored_once_by_an_agent_that_was_started_anew_too(tmp_path: Path) -> None:
    for script in (failure(500), "Here."):
        agent = DialogAgent("bot", model=ScriptedModel([script]), memory=FileDumpMemory(tmp_path / "memory.json"))
        if script == "Here.":
            await agent("Where?")
        else:
            await failing(agent, "Where?")
    assert texts(agent) == ["Where?", "Here."]


async def test_what_the_tools_gave_before_the_failure_is_gone_on_with() -> None:
    def look() -> str:
        """Look it up."""
        return "in the drawer"

    toolkit = Toolkit()
    toolkit.register_tool_function(look)
    model = ScriptedModel([tool_call("look"), failure(500), "In the drawer."])
    agent = ReActAgent("bot", model=model, toolkit=toolkit)
    await failing(agent, "Where?")
    assert (await agent("Where?")).text == "In the drawer."
    assert [message.role.value for message in model.requests[-1].messages] == ["user", "assistant", "tool"]
    assert [msg.role for msg in agent.memory.get_memory()] == ["user", "assistant", "system", "assistant"]


async def test_a_cancelled_question_that_is_asked_again_stands_once() -> None:
    agent = DialogAgent("bot", model=ScriptedModel([Reply("late", delay=30), "Here."]))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await agent("Where?")
    await agent("Where?")
    assert texts(agent) == ["Where?", "Here."]


async def test_another_question_after_a_failure_is_another() -> None:
    agent = DialogAgent("bot", model=ScriptedModel([failure(500), "Then."]))
    await failing(agent, "Where?")
    await agent("When?")
    assert texts(agent) == ["Where?", "When?", "Then."]


async def test_the_same_words_after_an_answer_or_from_somebody_else_are_new() -> None:
    agent = DialogAgent("bot", model=ScriptedModel(["one", failure(500), "three", "four"]))
    await agent("yes")
    await failing(agent, "yes")
    await agent(Msg("bob", "yes"))
    await agent.observe("yes")
    await agent("yes")
    assert texts(agent) == ["yes", "one", "yes", "yes", "three", "yes", "yes", "four"]


async def test_a_turn_that_has_grown_too_long_is_left_in_the_past() -> None:
    question = "Where? " + "x" * MOST
    agent = DialogAgent("bot", model=ScriptedModel([failure(500), "Here."]))
    await failing(agent, question)
    await agent(question)
    assert texts(agent) == [question, question, "Here."]
