"""NUL and halves of characters in the words of models and tools: nothing that keeps or shows a conversation breaks."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import agents
from agents import ReActAgent
from agents.memory import FileDumpMemory, SQLiteMemory
from agents.message import Msg
from agents.model import OpenAIChatModel
from agents.session import JSONSession
from agents.studio.server import StudioServer
from agents.studio.service import Service
from agents.studio.store import StudioStore
from agents.testing import Reply, ScriptedModel, ToolCall, tool_call
from agents.tool import Toolkit
from agents.tracing import setup_tracing, stop_tracing
from agents.tracing.store import TraceStore
from tests.agents.tracing.receiver import wait_for
from tests.agents.tutorial.conftest import Serve

ODD = "so \ud83c\udf88 and \0 and \udc00."
KEPT = "so 🎈 and \ufffd and \ufffd."


class Answer(BaseModel):
    """An answer."""

    words: str


def odd_tools() -> tuple[Toolkit, list[str]]:
    given: list[str] = []

    def look_up(words: str) -> str:
        """Look words up."""
        given.append(words)
        return f"found {ODD}"

    def fail(words: str) -> str:
        """Fail."""
        raise ValueError(ODD)

    toolkit = Toolkit()
    toolkit.register_tool_function(look_up)
    toolkit.register_tool_function(fail)
    return toolkit, given


@pytest.mark.parametrize("stream", [True, False])
async def test_models_and_tools_may_say_anything(serve: Serve, workplace: Path, stream: bool) -> None:
    server = serve([tool_call("look_up", words=ODD), tool_call("fail", words="x"), Reply(ODD, piece=1, thinking=ODD)])
    toolkit, given = odd_tools()
    model = OpenAIChatModel("gpt-4", api_key="k", stream=stream)
    memory = FileDumpMemory(workplace / "history.json")
    agent = ReActAgent("Assistant", model=model, toolkit=toolkit, memory=memory)
    reply = await agent("Look it up.")
    assert reply.text == KEPT
    assert given == [KEPT]
    results = [message["content"] for message in server.requests[-1].messages if message["role"] == "tool"]
    assert results == [f"found {KEPT}", f"Error: fail failed: ValueError: {KEPT}"]
    assert json.loads((workplace / "history.json").read_bytes())[-1]["content"] == KEPT
    session = JSONSession(workplace)
    await session.save_session_state("one", agent=agent)
    await session.load_session_state("one", agent=agent)
    assert agent.memory.get_memory()[-1].text == KEPT


async def test_a_stream_is_shown_without_halves_and_adds_up_to_the_whole(serve: Serve) -> None:
    serve([Reply(ODD, piece=1)])
    model = OpenAIChatModel("gpt-4", api_key="k", stream=True)
    parts = [part.text async for part in await model("Say something odd.")]  # type: ignore[union-attr]  # it streams
    assert parts[-1] == KEPT
    assert all(later.startswith(earlier) for earlier, later in pairwise(parts))
    assert "".join([piece.delta or "" async for piece in await model.llm.astream_chat(_asked())]) == KEPT


@pytest.mark.parametrize("function_calling", [True, False])
async def test_structured_answers_and_actions_in_text_are_freed_too(function_calling: bool) -> None:
    model = ScriptedModel([Reply(json.dumps({"words": ODD}))], function_calling=function_calling)
    reply = await ReActAgent("Assistant", model=model)("Well?", structured_model=Answer)
    assert reply.metadata["words"] == KEPT
    toolkit, given = odd_tools()
    action = f"Thought: Look.\nAction: look_up\nAction Input: {json.dumps({'words': ODD})}"
    steps: list[Any] = [action, "Answer: done"]
    if function_calling:
        steps = [ToolCall("look_up", f"Sure: {ODD}"), ToolCall("look_up", json.dumps(json.dumps({"words": ODD}))), "."]
    await ReActAgent("Assistant", model=ScriptedModel(steps, function_calling=function_calling), toolkit=toolkit)("?")
    assert given == [KEPT]


async def test_memory_studio_and_traces_keep_what_people_say(serve: Serve, workplace: Path) -> None:
    """People may paste anything too: a memory gives it back as it was, and whoever looks on is told what can be."""
    server = serve(["Fine."])
    store = StudioStore(workplace / "studio.sqlite")
    with StudioServer(Service(store, TraceStore(workplace / "seen.sqlite")), port=0) as studio:
        agents.init(model_configs=[_config(server.base_url)], studio_url=studio.url, project_name=f"p{ODD}")
        setup_tracing("odd", store=workplace / "traces.sqlite", capture_content=True)
        agent = ReActAgent("Assistant", memory=SQLiteMemory(workplace / "memory.sqlite", "one"))
        await agent(Msg("user", ODD))
        await agent(Msg("user", "and this?"))
        await asyncio.to_thread(wait_for, lambda: len(store.messages()) == 4)
        stop_tracing()
    assert [message["text"] for message in store.messages()] == [KEPT, "Fine.", "and this?", "Fine."]
    assert SQLiteMemory(workplace / "memory.sqlite", "one").get_memory()[0].text == "so 🎈 and \0 and \udc00."
    traces = TraceStore(workplace / "traces.sqlite")
    assert len(traces.traces()) == 2
    with sqlite3.connect(workplace / "traces.sqlite") as connection:
        [[attributes]] = connection.execute("SELECT attributes FROM spans ORDER BY start LIMIT 1")
    assert "🎈" in attributes


def _asked() -> list[Any]:
    from llama_index.core.llms import ChatMessage

    return [ChatMessage("Say something odd.")]


def _config(base_url: str) -> dict[str, Any]:
    return {"model_type": "openai_chat", "model_name": "gpt-4", "api_key": "k", "client_args": {"base_url": base_url}}
