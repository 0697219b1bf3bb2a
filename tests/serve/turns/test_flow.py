"""Turns with a language model: checked, passed on from tier to tier, and to a person."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest

from agents.testing import Reply, ScriptedModel, ScriptedRequest, tool_call
from knowledge.types import Reader
from serve.service import Service
from serve.store.messages import Message
from serve.turns.events import Answered, Delta, Failed, Progress, TurnEvent
from tests.serve.conftest import Open
from tests.serve.served import EXPEDITED, FAST, SECRET
from tests.serve.turns.test_quoting import followed

LIE = "Every customer receives a free gold watch [1]."
Step = str | Reply | Callable[[ScriptedRequest], str | Reply]


async def turn(service: Service, text: str = FAST, reader: Reader | None = None) -> list[TurnEvent]:
    talk = service.store.conversations.begin("v_1")
    return await followed(await service.reception.ask(talk, uuid4().hex, text, reader or Reader()))


def answer(events: list[TurnEvent]) -> Message:
    return next(event.message for event in events if isinstance(event, Answered))


def scripted(*steps: Step, stream: bool = True) -> ScriptedModel:
    return ScriptedModel(list(steps), stream=stream)


async def test_a_model_answers_from_what_it_searched(open_served: Open) -> None:
    model = scripted(tool_call("search_documents", query="expedited replacement"), f"{EXPEDITED} [1]")
    events = await turn(open_served(model=model))
    message = answer(events)
    assert message.text == "Expedited shipping: 2–3 business days. [1]"
    assert (message.model, message.host) == ("scripted", "scripted")
    stages = [event.stage for event in events if isinstance(event, Progress)]
    assert stages == ["searching", "reading", "writing", "checking"]


async def test_nothing_unchecked_is_ever_shown(open_served: Open) -> None:
    said = f"{EXPEDITED} [1] {LIE} Standard delivery: 7–10 business days [1]. Anything else?"
    model = scripted(tool_call("search_documents", query="shipping days"), said)
    events = await turn(open_served(model=model))
    shown = "".join(event.text for event in events if isinstance(event, Delta))
    assert "2–3 business days" in shown
    assert "watch" not in shown + answer(events).text
    assert answer(events).text.startswith(shown)


@pytest.mark.parametrize(
    ("said", "first"),
    [
        (f"{EXPEDITED} [1] Standard", EXPEDITED),
        ("- Expedited shipping: 2–3 business days [1]\n- Standard", "Expedited shipping: 2–3 business days"),
        ("Expedited shipping: 2–3 business days [1]\n\nStandard", "Expedited shipping: 2–3 business days"),
    ],
)
async def test_what_is_whole_is_shown_while_the_rest_is_still_written(open_served: Open, said: str, first: str) -> None:
    rest = " delivery takes longer than that" * 200
    model = scripted(tool_call("search_documents", query="shipping days"), Reply(said + rest, pause=0.05))
    service = open_served(model=model)
    talk = service.store.conversations.begin("v_1")
    run = await service.reception.ask(talk, uuid4().hex, FAST, Reader())
    async for event in run.follow(every=60):
        if isinstance(event, Delta):
            await service.reception.stop(talk.id)
            break
    message = answer(await followed(run))
    assert (message.status, model.cancelled) == ("stopped", 1)
    assert first in message.text
    assert "tandard" not in message.text


async def test_a_case_is_passed_on_to_the_second_tier(open_served: Open) -> None:
    model = scripted(
        "I must escalate this case to a specialist. [escalate]",
        "The customer wants to know how fast a card arrives.",
        tool_call("search_documents", query="expedited replacement card"),
        f"{EXPEDITED} [1]",
    )
    service = open_served(model=model)
    events = await turn(service)
    message = answer(events)
    assert message.author == "Specialist"
    assert EXPEDITED in message.text
    assert "escalate" not in "".join(event.text for event in events if isinstance(event, Delta))
    assert [event.detail["agent"] for event in events if isinstance(event, Progress) and event.stage == "tier"] == [
        "Specialist"
    ]
    assert "how fast a card arrives" in model.requests[2].text
    agents = {use["agent"] for use in service.store.turns.of(message.conversation)[0]["models"]}
    assert agents == {"Support", "Router", "Specialist"}


async def test_the_second_tier_calls_a_person(open_served: Open) -> None:
    model = scripted(
        "A specialist has to look at this. [escalate]",
        "The customer's card was stolen abroad.",
        tool_call("escalate_to_human", reason="A stolen card needs a person."),
        "I called a colleague, who takes over here.",
    )
    service = open_served(model=model)
    events = await turn(service, "My card was stolen!")
    message = answer(events)
    talk = service.store.conversations.find(message.conversation)
    assert talk is not None
    assert talk.state == "waiting"
    (kept,) = service.store.turns.of(talk.id)
    assert [(tool["name"], tool["failed"]) for tool in kept["tools"]] == [("escalate_to_human", False)]
    assert service.store.events.after(talk.id, 0)[-1].data == {
        "state": "waiting",
        "reason": "A stolen card needs a person.",
    }


async def test_the_bot_is_silent_while_a_person_answers(open_served: Open) -> None:
    model = scripted("Never asked.")
    service = open_served(model=model)
    talk = service.store.conversations.begin("v_1")
    service.store.events.set_state(talk.id, "human")
    now = service.store.conversations.find(talk.id)
    assert now is not None
    events = await followed(await service.reception.ask(now, uuid4().hex, "Hello?", Reader()))
    assert [event.name for event in events] == ["accepted", "end"]
    assert not model.requests


async def test_a_failing_model_is_told_and_kept(open_served: Open) -> None:
    service = open_served(model=scripted(Reply(status=500, error="broken")))
    events = await turn(service)
    failure = next(event for event in events if isinstance(event, Failed))
    assert failure.code == "model_failed"
    assert answer(events).status == "failed"


async def test_a_model_never_reads_what_its_reader_may_not(open_served: Open) -> None:
    model = scripted(tool_call("search_documents", query="pending replacement orders tool"), "I could not find it.")
    await turn(open_served(model=model), SECRET)
    assert "get_pending_replacement_orders" not in "".join(request.text for request in model.requests)


async def test_what_was_said_for_staff_is_not_told_to_a_model_that_answers_others(open_served: Open) -> None:
    model = scripted("Hello, how can I help you?")
    service = open_served(model=model)
    talk = service.store.conversations.begin("v_1")
    service.store.messages.add(
        Message(
            uuid4().hex,
            talk.id,
            "assistant",
            "The secret is get_pending.",
            "Support",
            talk.created,
            access=(("staff",),),
        )
    )
    await followed(await service.reception.ask(talk, uuid4().hex, "What did you say?", Reader()))
    assert "get_pending" not in model.requests[0].text


async def test_what_was_said_before_is_known_to_the_model(open_served: Open) -> None:
    model = scripted("Hello, how can I help you?", "Sure, I will do that now.")
    service = open_served(model=model)
    talk = service.store.conversations.begin("v_1")
    await followed(await service.reception.ask(talk, uuid4().hex, "My name is Ada.", Reader()))
    await followed(await service.reception.ask(talk, uuid4().hex, "Greet me.", Reader()))
    assert "My name is Ada." in model.requests[1].text
    assert "how can I help you?" in model.requests[1].text
