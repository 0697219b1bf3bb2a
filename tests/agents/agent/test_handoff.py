"""One agent passes a conversation on to another."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from agents.access import mark
from agents.agent import DialogAgent, ReActAgent, Switchboard, hand_off, handoff_to
from agents.exceptions import AgentError
from agents.message import Msg
from agents.pipeline import MsgHub
from agents.testing import ScriptedModel, tool_call
from agents.tool import Toolkit
from knowledge.errors import UsageError

STAFF = frozenset({"staff"})


async def test_the_other_agent_hears_the_conversation_and_answers_in_its_place() -> None:
    billing = DialogAgent("Billing Desk", "You know invoices.", ScriptedModel(["It is paid."]))
    model = ScriptedModel(["Hello!", tool_call("transfer_to_billing_desk", briefing="Invoice 7")])
    front = ReActAgent("Front", model=model, handoffs=[billing])
    await front("Hi")
    reply = await front("Is my invoice paid?")
    assert (reply.name, reply.text) == ("Billing Desk", "It is paid.")
    assert reply.metadata["handoff"] == {"from": "Front", "to": "Billing Desk"}
    assert [msg.text for msg in billing.memory.get_memory()] == [
        "Hi",
        "Hello!",
        "Invoice 7",
        "Is my invoice paid?",
        "It is paid.",
    ]
    offered = model.requests[0].tools[0]["function"]
    assert offered["name"] == "transfer_to_billing_desk"
    assert "You know invoices." in offered["description"]
    kept = front.memory.get_memory()
    assert kept[-1] == reply
    assert [msg.role for msg in kept[3:5]] == ["assistant", "system"]


async def test_a_handoff_is_a_tool_of_any_toolkit() -> None:
    target = DialogAgent("Expert", model=ScriptedModel(["42"]))
    toolkit = Toolkit()
    toolkit.register_tool_function(handoff_to(target, name="ask_the_expert", description="For hard questions."))
    front = ReActAgent("Front", model=ScriptedModel([tool_call("ask_the_expert")]), toolkit=toolkit)
    assert (await front("Why?")).text == "42"


async def test_a_handoff_in_circles_is_stopped() -> None:
    left = ReActAgent("Left", model=ScriptedModel([tool_call("transfer_to_right"), "I give up."]))
    right = ReActAgent("Right", model=ScriptedModel([tool_call("transfer_to_left")]), handoffs=[left])
    left._equip([right], meta_tool=False)
    left.model = ScriptedModel(
        [lambda request: tool_call("transfer_to_right") if len(request.text) < 9_000 else "stop"]
    )
    with pytest.raises(AgentError):
        await left("Help")


async def test_what_the_other_may_not_read_stays_behind() -> None:
    front = DialogAgent("Front", model=ScriptedModel(["ok"]), roles=["staff"])
    await front.observe([Msg("bob", "open"), mark(Msg("bob", "secret"), [STAFF])])
    outsider = DialogAgent("Outsider", model=ScriptedModel(["hm"]))
    await hand_off(front, outsider, "Go on")
    assert [msg.text for msg in outsider.memory.get_memory()] == ["open", "Go on", "hm"]


async def test_a_restricted_question_is_not_passed_on() -> None:
    outsider = DialogAgent("Outsider", model=ScriptedModel(["hm"]))
    model = ScriptedModel([tool_call("transfer_to_outsider"), "I keep it."])
    front = ReActAgent("Front", model=model, roles=["staff"], handoffs=[outsider])
    assert (await front(mark(Msg("bob", "secret"), [STAFF]))).text == "I keep it."
    assert "may not read" in model.requests[1].last


async def test_a_conversation_is_handed_over_by_code() -> None:
    front = DialogAgent("Front", model=ScriptedModel(["Hello!"]))
    await front("Hi")
    second = DialogAgent("Second", model=ScriptedModel(["I take over."]))
    reply = await hand_off(front, second)
    assert (reply.name, reply.metadata["handoff"]["from"]) == ("Second", "Front")
    assert [msg.text for msg in second.memory.get_memory()] == ["Hi", "Hello!", "I take over."]


async def test_a_conversation_stays_where_it_was_passed_on_to() -> None:
    billing = DialogAgent("Billing", model=ScriptedModel(["It is paid.", "You are welcome."]))
    front = ReActAgent("Front", model=ScriptedModel([tool_call("transfer_to_billing")]), handoffs=[billing])
    team = Switchboard([front, billing])
    assert [(await team(text)).name for text in ("My invoice?", "Thanks")] == ["Billing", "Billing"]
    assert team.current is billing
    with pytest.raises(UsageError, match="different names"):
        Switchboard([front, front])


async def test_the_form_of_the_answer_is_passed_on_too() -> None:
    class Sum(BaseModel):
        total: int

    billing = DialogAgent("Billing", model=ScriptedModel(['{"total": 3}']))
    front = ReActAgent("Front", model=ScriptedModel([tool_call("transfer_to_billing")]), handoffs=[billing])
    assert (await front("1 + 2?", structured_model=Sum)).metadata["structured"] == {"total": 3}


async def test_within_a_hub_everybody_hears_the_reply_once_and_in_order() -> None:
    billing = DialogAgent("Billing", model=ScriptedModel(["It is paid."]))
    front = ReActAgent("Front", model=ScriptedModel([tool_call("transfer_to_billing")]), handoffs=[billing])
    listener = DialogAgent("Listener", model=ScriptedModel(["hm"]))
    async with MsgHub([front, billing, listener]):
        reply = await front("My invoice?")
    assert [msg.id for msg in listener.memory.get_memory()] == [reply.id]
    assert [msg.text for msg in billing.memory.get_memory()] == ["My invoice?", "It is paid."]
    assert [msg.text for msg in front.memory.get_memory()] == ["My invoice?", "", "", "It is paid."]
