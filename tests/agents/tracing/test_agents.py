"""What the agents of this project show in a trace."""

from __future__ import annotations

import pytest

from agents.agent import DialogAgent, ReActAgent
from agents.pipeline import MsgHub
from agents.testing import ScriptedModel, ToolCall
from agents.tool import Toolkit
from agents.tracing import flush_tracing, setup_tracing, span
from tests.agents.tracing.receiver import Receiver, attributes, wait_for


def lookup(account: str) -> str:
    """Look an account up.

    Args:
        account: Its number.
    """
    if account == "broken":
        raise ValueError("secret failure")
    return "secret balance"


def assistant(argument: str = "secret number") -> ReActAgent:
    toolkit = Toolkit()
    toolkit.register_tool_function(lookup)
    call = ToolCall("lookup", f'{{"account": "{argument}"}}')
    return ReActAgent("Ann", model=ScriptedModel([call, "secret answer"], model_name="tiny"), toolkit=toolkit)


async def test_a_reply_shows_its_model_calls_and_its_tools_below_it(receiver: Receiver) -> None:
    setup_tracing(tracing_endpoint=receiver.url)
    async with MsgHub([ann := assistant()]):
        await ann("secret question")
    flush_tracing()
    reply, tool = receiver.span("invoke_agent Ann"), receiver.span("execute_tool lookup")
    chats = [one for one in receiver.spans if one.name == "chat tiny"]
    assert len(chats) == 2
    assert {one.parent_span_id for one in [*chats, tool]} == {reply.span_id}
    used = [attributes(one)["gen_ai.usage.output_tokens"] for one in chats]
    assert attributes(reply)["gen_ai.usage.output_tokens"] == sum(used)
    assert attributes(tool)["gen_ai.tool.name"] == "lookup"
    assert attributes(tool)["gen_ai.tool.call.id"]


@pytest.mark.parametrize("capture", [False, True])
async def test_messages_arguments_and_results_are_there_only_when_they_are_asked_for(
    receiver: Receiver, capture: bool
) -> None:
    setup_tracing(tracing_endpoint=receiver.url, capture_content=capture)
    await assistant()("secret question")
    flush_tracing()
    sent = b"".join(one.SerializeToString() for one in receiver.spans)
    for words in (b"secret question", b"secret number", b"secret balance", b"secret answer"):
        assert (words in sent) is capture


async def test_a_tool_that_fails_is_told_from_one_that_works(receiver: Receiver) -> None:
    setup_tracing(tracing_endpoint=receiver.url)
    await assistant("broken")("question")
    flush_tracing()
    found = receiver.span("execute_tool lookup")
    assert (found.status.code, attributes(found)["error.type"]) == (2, "ValueError")
    assert b"secret failure" not in found.SerializeToString()
    assert receiver.span("invoke_agent Ann").status.code == 0


async def test_an_agent_in_a_worker_is_part_of_the_trace(receiver: Receiver) -> None:
    setup_tracing("callers", tracing_endpoint=receiver.url)
    ann = DialogAgent(name="Ann", model=ScriptedModel(["from afar"], model_name="tiny"), to_dist=True)
    with span("function", "caller"):
        assert (await ann("question")).text == "from afar"
    flush_tracing()
    assert wait_for(lambda: {"invoke_agent Ann", "chat tiny"} <= set(receiver.names), seconds=20)
    caller = receiver.span("caller")
    assert receiver.span("invoke_agent Ann").trace_id == caller.trace_id
    assert receiver.span("invoke_agent Ann").parent_span_id == caller.span_id
    assert receiver.services == {"callers"}
