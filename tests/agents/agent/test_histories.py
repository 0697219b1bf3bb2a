"""Whatever befalls an agent, no request holds a tool call without its result, and memory holds whole turns."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llama_index.core.base.llms.types import ToolCallBlock

from agents.agent import ReActAgent
from agents.exceptions import AgentCallError, LoopExhausted, ModelTimeout
from agents.message import Msg
from agents.pipeline import MsgHub
from agents.testing import Reply, ScriptedModel, ScriptedRequest, ToolCall
from agents.tool import Toolkit

Ending = Literal["await", "cancel", "timeout", "redirect", "stop", "inject", "broadcast"]
TOOLS = ("quick", "slow", "failing", "unknown", "switched_off")


@dataclass(frozen=True)
class Call:
    """One call of the agent: what its model says, and what happens to it after so many turns of the loop."""

    script: Sequence[Any]
    ending: Ending
    after: int
    follow: str = field(default="x")


calls = st.lists(
    st.builds(ToolCall, st.sampled_from(TOOLS), st.sampled_from(["{}", '{"n": 1}', "{broken", "[]"]), st.just("same")),
    min_size=1,
    max_size=3,
)
says = st.one_of(
    st.builds(Reply, text=st.sampled_from(["fine", "one two three four"]), pause=st.just(0.0)),
    st.builds(Reply, text=st.sampled_from(["", "I call"]), tool_calls=calls.map(tuple)),
    st.builds(Reply, text=st.just("late"), delay=st.just(0.005)),
    st.just(ModelTimeout("too slow")),
)
scenario = st.lists(
    st.builds(
        Call,
        st.lists(says, min_size=1, max_size=4),
        st.sampled_from(["await", "cancel", "timeout", "redirect", "stop", "inject", "broadcast"]),
        st.integers(0, 12),
    ),
    min_size=1,
    max_size=4,
)


def toolkit() -> Toolkit:
    made = Toolkit()
    made.create_tool_group("off", "Switched off")

    def quick() -> str:
        return "quick"

    async def slow() -> str:
        await asyncio.sleep(0.003)
        return "slow"

    async def failing() -> str:
        raise RuntimeError("failing")

    async def switched_off() -> str:
        return "never"

    for tool in (quick, slow, failing):
        made.register_tool_function(tool)
    made.register_tool_function(switched_off, "off")
    return made


def check_request(request: ScriptedRequest) -> None:
    """Every assistant message with calls is followed by exactly their results."""
    waiting: list[str] = []
    for message in request.messages:
        if message.role.value == "tool":
            waiting.remove(message.additional_kwargs["tool_call_id"])
            continue
        assert not waiting, f"calls {waiting} have no result in {request.text}"
        waiting = [str(block.tool_call_id) for block in message.blocks if isinstance(block, ToolCallBlock)]
    assert not waiting


def check_memory(agent: ReActAgent) -> None:
    """Turns stand together, and every call in them with its result."""
    kept = agent.memory.get_memory()
    turns = [msg.metadata["turn"] for msg in kept if "turn" in msg.metadata]
    assert len(set(turns)) == sum(1 for at, turn in enumerate(turns) if at == 0 or turns[at - 1] != turn)
    for at, msg in enumerate(kept):
        if used := msg.get_content_blocks("tool_use"):
            results = kept[at + 1].get_content_blocks("tool_result")
            assert [block["id"] for block in used] == [block["id"] for block in results]  # type: ignore[typeddict-item]


async def run(calls_to_make: Sequence[Call], *, together: bool, function_calling: bool) -> None:
    model = ScriptedModel(["fine"], function_calling=function_calling)
    agent = ReActAgent("bot", "Be kind.", model, toolkit=toolkit(), max_iters=3)
    other = ReActAgent("other", model=ScriptedModel(["other"]))
    async with MsgHub([agent, other]) as hub:
        if together:
            model._script = tuple(step for call in calls_to_make for step in call.script)
            await asyncio.gather(*(one_call(agent, hub, call) for call in calls_to_make))
        else:
            for call in calls_to_make:
                model._script = (*["x"] * len(model.requests), *call.script)
                await one_call(agent, hub, call)
        model._script = ("fine",)
        model_requests = len(model.requests)
        assert (await agent("Still there?")).text == "fine"
    assert len(model.requests) == model_requests + 1
    assert agent.running == ()
    for request in model.requests:
        check_request(request)
    check_memory(agent)


async def one_call(agent: ReActAgent, hub: MsgHub, call: Call) -> None:
    async def answered() -> None:
        async with asyncio.timeout(0.002 if call.ending == "timeout" else 5):
            await agent(Msg("user", "go"))

    task = asyncio.create_task(answered())
    for _ in range(call.after):
        await asyncio.sleep(0)
    match call.ending:
        case "cancel":
            task.cancel()
        case "redirect":
            await agent.handle_interrupt(Msg("user", "something else"))
        case "stop":
            await agent.interrupt()
        case "inject":
            await agent.inject("and this")
        case "broadcast":
            await hub.broadcast(Msg("coordinator", "listen"))
    with contextlib.suppress(asyncio.CancelledError, TimeoutError, AgentCallError, LoopExhausted):
        await task


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scenario, st.booleans(), st.booleans())
def test_no_request_ever_holds_a_call_without_its_result(
    calls_to_make: list[Call], together: bool, function_calling: bool
) -> None:
    asyncio.run(run(calls_to_make, together=together, function_calling=function_calling))
