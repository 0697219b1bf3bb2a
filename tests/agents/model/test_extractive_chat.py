"""Without a language model, tools that search are asked and quoted; nothing is ever echoed or run."""

from __future__ import annotations

from typing import Any

import pytest
from llama_index.core.llms import ChatMessage
from pydantic import BaseModel

from agents.model.extractive_chat import ExtractiveChatModel
from knowledge.errors import ModelError

QUESTION = "How many days of leave are there?"


def tool(name: str, **properties: str) -> dict[str, Any]:
    schema = {argument: {"type": kind} for argument, kind in properties.items()}
    parameters = {"type": "object", "properties": schema, "required": list(properties)[:1]}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


async def test_without_bank_or_tool_it_says_how_to_name_a_model() -> None:
    response = await ExtractiveChatModel().respond([ChatMessage(QUESTION)])
    assert "No language model is configured" in response.text
    assert "REFDESK_MODEL" in response.text
    assert "leave" not in response.text


async def test_a_tool_that_searches_is_asked_the_question() -> None:
    tools = [tool("execute_python_code", code="string"), tool("search", query="string", k="integer")]
    [call] = (await ExtractiveChatModel().respond([ChatMessage(QUESTION)], tools=tools)).tool_calls
    assert (call["name"], call["input"]) == ("search", {"query": QUESTION})


async def test_code_is_never_run_with_a_question() -> None:
    tools = [tool("execute_python_code", code="string"), tool("write", path="string", query="string")]
    response = await ExtractiveChatModel().respond([ChatMessage(QUESTION)], tools=tools)
    assert response.tool_calls == []
    assert "No language model is configured" in response.text


async def test_what_a_tool_found_is_quoted() -> None:
    found = "# Leave\n\nThe office opens at nine. Every employee has 25 days of paid leave a year. Lunch is at noon."
    told = ChatMessage(found, role="tool", additional_kwargs={"tool_call_id": "a"})
    response = await ExtractiveChatModel().respond([ChatMessage(QUESTION), told], tools=[tool("s", query="string")])
    assert response.text == "Every employee has 25 days of paid leave a year."
    assert response.usage is not None
    assert response.usage.cost == 0


async def test_what_was_found_for_an_earlier_question_is_not_quoted_again() -> None:
    messages = [
        ChatMessage(QUESTION),
        ChatMessage("25 days of leave.", role="tool"),
        ChatMessage("25 days of leave.", role="assistant"),
        ChatMessage("And abroad?"),
    ]
    response = await ExtractiveChatModel().respond(messages, tools=[tool("search", query="string")])
    assert [call["input"] for call in response.tool_calls] == [{"query": "And abroad?"}]


async def test_an_answer_of_a_given_form_needs_a_model() -> None:
    class Form(BaseModel):
        days: int

    with pytest.raises(ModelError, match="An answer in the form Form needs a language model: Name a model"):
        await ExtractiveChatModel().respond([ChatMessage(QUESTION)], structured=Form)


async def test_a_tool_that_finds_nothing_is_told() -> None:
    response = await ExtractiveChatModel().respond([ChatMessage(QUESTION), ChatMessage("", role="tool")])
    assert "Nothing was found" in response.text
