"""LlamaIndex's own agents, workflows and engines as agents here."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.query_engine import CustomQueryEngine
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.core.workflow import StartEvent, StopEvent, Workflow, step

from agents.access import access_of
from agents.agent import DialogAgent, LlamaIndexWorkflowAgent
from agents.exceptions import AgentCallError
from agents.message import Msg
from agents.pipeline import MsgHub, SequentialPipeline
from agents.testing import Reply, ScriptedModel, tool_call
from knowledge.errors import UsageError


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def function_agent(model: ScriptedModel) -> FunctionAgent:
    return FunctionAgent(tools=[add], llm=model.llm, system_prompt="You add.", streaming=False)


class Library(CustomQueryEngine):
    """Finds one thing."""

    def custom_query(self, query_str: str) -> Any:
        from llama_index.core.base.response.schema import Response

        node = NodeWithScore(node=TextNode(text="25 days", metadata={"file": "leave.md", "odd": object}), score=0.5)
        return Response(f"About {query_str}: 25 days", source_nodes=[node])


async def test_a_function_agent_replies_with_its_tools_and_remembers() -> None:
    model = ScriptedModel([tool_call("add", a=1, b=2), "It is 3.", "You asked for 1 + 2."])
    agent = LlamaIndexWorkflowAgent("bot", function_agent(model))
    reply = await agent("1 + 2?")
    assert (reply.name, reply.content) == ("bot", "It is 3.")
    assert (await agent("What did I ask?")).text == "You asked for 1 + 2."
    assert "1 + 2?" in model.requests[2].text
    assert [msg.text for msg in agent.memory.get_memory()][-1] == "You asked for 1 + 2."


async def test_a_query_engine_gives_its_sources() -> None:
    agent = LlamaIndexWorkflowAgent("library", Library(), access=["staff"])
    reply = await agent("leave")
    assert reply.text == "About leave: 25 days"
    assert reply.metadata["sources"] == [{"text": "25 days", "score": 0.5, "metadata": {"file": "leave.md"}}]
    assert access_of(reply) == {frozenset({"staff"})}


async def test_a_chat_engine_and_a_workflow_can_be_plugged_in() -> None:
    model = ScriptedModel(["Hello."])
    chat = LlamaIndexWorkflowAgent(
        "chat", SimpleChatEngine.from_defaults(llm=model.llm, memory=ChatMemoryBuffer.from_defaults())
    )
    assert (await chat("Hi")).text == "Hello."

    class Shout(Workflow):
        @step
        async def shout(self, event: StartEvent) -> StopEvent:
            return StopEvent(result=event.words.upper())

    agent = LlamaIndexWorkflowAgent("shout", Shout(), arguments=lambda question, history: {"words": question})
    assert (await agent("hi")).text == "HI"


async def test_it_takes_part_in_hubs_and_pipelines() -> None:
    listener = DialogAgent("listener", model=ScriptedModel(["Noted."]))
    library = LlamaIndexWorkflowAgent("library", Library())
    async with MsgHub([library, listener]):
        reply = await SequentialPipeline([library, listener])("leave")
    assert reply.text == "Noted."
    assert [msg.name for msg in listener.memory.get_memory()] == ["library", "listener"]


async def test_whatever_it_raises_is_the_agents_failure() -> None:
    class Broken(CustomQueryEngine):
        def custom_query(self, query_str: str) -> Any:
            raise LookupError("no index")

    with pytest.raises(AgentCallError, match="library: no index") as caught:
        await LlamaIndexWorkflowAgent("library", Broken())("leave")
    assert isinstance(caught.value.__cause__, LookupError)


async def test_a_cancelled_workflow_ends_and_the_agent_stays_usable() -> None:
    model = ScriptedModel([Reply("never", delay=30), "Here."])
    agent = LlamaIndexWorkflowAgent("bot", function_agent(model))
    task = asyncio.create_task(agent("one"))
    async with asyncio.timeout(5):
        while not model.requests:
            await asyncio.sleep(0.01)
    await agent.handle_interrupt(Msg("user", "two"))
    assert (await asyncio.wait_for(task, 5)).text == "Here."
    async with asyncio.timeout(5):
        while not model.cancelled:
            await asyncio.sleep(0.01)


def test_what_cannot_be_plugged_in_is_refused() -> None:
    with pytest.raises(UsageError, match="int cannot be plugged in"):
        LlamaIndexWorkflowAgent("bot", 7)
