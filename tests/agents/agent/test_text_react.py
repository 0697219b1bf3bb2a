"""A model that takes no tools reasons in text."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from agents.agent import ReActAgent
from agents.testing import ScriptedModel, ScriptedRequest
from agents.tool import Toolkit


class Verdict(BaseModel):
    """What a structured answer looks like."""

    answer: int
    sure: bool = True


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def calculator(*functions: Any) -> Toolkit:
    toolkit = Toolkit()
    for function in functions or (add,):
        toolkit.register_tool_function(function)
    return toolkit


def roles(request: ScriptedRequest) -> list[str]:
    return [message.role.value for message in request.messages]


@pytest.mark.parametrize(
    "script",
    [
        ['Thought: I add.\nAction: add\nAction Input: {"a": 1, "b": 2}', "Thought: Done.\nAnswer: 3"],
        ['Action: add\nAction Input: {"a": 1, "b": 2}\nObservation: 77\nAnswer: 77', "Answer: 3"],
        ["Thought: x\nAction: add\nAction Input: {a 1", "Thought: y\nAnswer: 3"],
        ["Action: subtract", "3"],
        ["Thought: x\nAction: subtract\nAction Input: {}", "3"],
    ],
)
async def test_a_model_without_tools_reasons_in_text(script: list[str]) -> None:
    model = ScriptedModel(script, function_calling=False)
    agent = ReActAgent("bot", "You add.", model, toolkit=calculator())
    assert (await agent("1 + 2?")).content == "3"
    first, second = model.requests
    assert first.tools == ()
    assert "- add: Add two numbers." in str(first.messages[0].content)
    assert roles(second) == ["system", "user", "assistant", "user"]
    assert second.last.startswith("Observation: ")
    assert "77" not in second.text


async def test_a_model_that_only_thinks_is_asked_to_go_on() -> None:
    script = [
        "Thought: I should add.",
        'Action: add\nAction Input: {"a": 1, "b": 2}',
        "Thought: hm",
        "Thought: It is 3.",
    ]
    model = ScriptedModel(script, function_calling=False)
    agent = ReActAgent("bot", model=model, toolkit=calculator())
    assert (await agent("1 + 2?")).text == "It is 3."
    assert "Go on" in model.requests[1].last
    assert [msg.role for msg in agent.memory.get_memory()] == ["user", "assistant", "system", "assistant"]


async def test_a_model_without_tools_gives_structured_answers_after_its_tools() -> None:
    script = ['Action: add\nAction Input: {"a": 1, "b": 2}', "Answer: three", '{"answer": 3}']
    agent = ReActAgent("bot", model=ScriptedModel(script, function_calling=False), toolkit=calculator())
    assert (await agent("1 + 2?", structured_model=Verdict)).metadata["structured"]["answer"] == 3
