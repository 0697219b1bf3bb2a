"""A conversation is kept in a memory of LlamaIndex, which both sides read."""

from __future__ import annotations

import pytest
from llama_index.core.llms import ChatMessage
from llama_index.core.memory import ChatMemoryBuffer

from agents.agent import ReActAgent
from agents.memory import LlamaIndexMemory
from agents.message import Msg
from agents.testing import ScriptedModel, tool_call
from agents.tool import Toolkit
from knowledge.errors import UsageError


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def test_an_agent_goes_on_with_a_conversation_of_llamaindex_and_keeps_its_own_there() -> None:
    buffer = ChatMemoryBuffer.from_defaults(chat_history=[ChatMessage("I am Ann", role="user")])
    toolkit = Toolkit()
    toolkit.register_tool_function(add)
    model = ScriptedModel([tool_call("add", a=1, b=2), "3, Ann.", "Bye, Ann."])
    agent = ReActAgent("bot", model=model, toolkit=toolkit, memory=buffer)
    assert (await agent("1 + 2?")).text == "3, Ann."
    await agent("Bye")
    assert [message.content for message in buffer.get_all()] == [
        "I am Ann",
        "1 + 2?",
        "",
        "",
        "3, Ann.",
        "Bye",
        "Bye, Ann.",
    ]
    assert [message.role.value for message in model.requests[2].messages] == [
        "user", "user", "assistant", "tool", "assistant", "user",
    ]  # fmt: skip


def test_messages_come_back_as_they_were_and_once() -> None:
    memory = LlamaIndexMemory(ChatMemoryBuffer.from_defaults())
    msg = Msg("bob", [{"type": "text", "text": "hi"}], metadata={"turn": "1"})
    memory.add([msg, msg])
    memory.add(msg)
    (back,) = memory.get_memory()
    assert back.to_dict() == msg.to_dict()
    memory.delete(msg.id)
    assert memory.size() == 0


def test_what_llamaindex_put_there_has_one_identity() -> None:
    buffer = ChatMemoryBuffer.from_defaults(chat_history=[ChatMessage("hi", role="assistant")])
    memory = LlamaIndexMemory(buffer)
    (first,), (second,) = memory.get_memory(), memory.get_memory()
    assert first == second
    assert (first.name, first.role, first.text) == ("assistant", "assistant", "hi")


def test_what_is_no_memory_is_refused() -> None:
    with pytest.raises(UsageError, match="A memory is needed, found list"):
        ReActAgent("bot", memory=[])  # type: ignore[arg-type]  # what is tested
