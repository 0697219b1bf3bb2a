"""Turns that overlap, wait, are stopped, asked again, or end with the service."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from agents.testing import Reply, ScriptedModel, tool_call
from knowledge.types import Reader
from serve.http.failures import Refused
from serve.service import Service
from serve.store.conversations import Conversation
from serve.turns.events import Answered, Delta, Failed
from serve.turns.run import Run
from tests.serve.conftest import Open
from tests.serve.served import EXPEDITED, FAST
from tests.serve.turns.test_quoting import followed

FOREVER = 600.0
ANYONE = Reader()


async def started(service: Service, conversation: Conversation, text: str = FAST) -> Run:
    return await service.reception.ask(conversation, uuid4().hex, text, ANYONE)


def never() -> ScriptedModel:
    return ScriptedModel([Reply("late", delay=FOREVER)], stream=True)


async def begun_asking(model: ScriptedModel) -> None:
    while not model.requests:
        await asyncio.sleep(0.01)


async def test_stopping_ends_the_request_to_the_model_and_keeps_what_was_shown(open_served: Open) -> None:
    said = f"{EXPEDITED} [1] And then there is more."
    model = ScriptedModel(
        [tool_call("search_documents", query="expedited"), Reply(said + " And more" * 500, pause=0.1)], stream=True
    )
    service = open_served(model=model)
    talk = service.store.conversations.begin("v_1")
    run = await started(service, talk)
    async for event in run.follow(every=60):
        if isinstance(event, Delta):
            assert await service.reception.stop(talk.id)
            break
    message = next(event.message for event in await followed(run) if isinstance(event, Answered))
    assert message.status == "stopped"
    assert message.text == f"{EXPEDITED} [1]"
    assert message.citations[0].quote in EXPEDITED
    assert model.cancelled == 1
    assert service.store.messages.find(message.id) == message
    assert service.reception.run_of(talk.id) is None


async def test_a_conversation_has_one_turn_at_a_time(open_served: Open) -> None:
    model = never()
    service = open_served(model=model)
    talk = service.store.conversations.begin("v_1")
    await started(service, talk)
    with pytest.raises(Refused) as caught:
        await started(service, talk)
    assert caught.value.code == "busy"
    other = service.store.conversations.begin("v_1")
    await started(service, other)
    assert service.reception.under_way == 2
    await service.reception.abandon(talk.id)
    await service.reception.abandon(other.id)
    assert service.reception.under_way == 0


async def test_the_same_message_sent_again_is_one_question(open_served: Open) -> None:
    model = never()
    service = open_served(model=model)
    talk = service.store.conversations.begin("v_1")
    id = uuid4().hex
    run = await service.reception.ask(talk, id, FAST, ANYONE)
    assert await service.reception.ask(talk, id, FAST, ANYONE) is run
    await service.reception.abandon(talk.id)
    again = await service.reception.ask(talk, id, FAST, ANYONE)
    assert [event.name for event in await followed(again)] == ["accepted", "answer", "end"]
    assert len(service.store.messages.of(talk.id)) == 2
    other = service.store.conversations.begin("v_2")
    with pytest.raises(Refused) as caught:
        await service.reception.ask(other, id, FAST, ANYONE)
    assert caught.value.code == "id_taken"


async def test_two_that_send_the_same_id_at_once_get_one_turn(service: Service) -> None:
    talk = service.store.conversations.begin("v_1")
    id = uuid4().hex
    runs = await asyncio.gather(
        *(service.reception.ask(talk, id, FAST, ANYONE) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(run, Run) for run in runs) >= 1
    for run in runs:
        assert isinstance(run, Run) or (isinstance(run, Refused) and run.status == 409)
        if isinstance(run, Run):
            await followed(run)
    assert len(service.store.messages.of(talk.id)) == 2


async def test_a_failed_answer_is_tried_again(open_served: Open) -> None:
    model = ScriptedModel(
        [Reply(status=500), tool_call("search_documents", query="expedited"), f"{EXPEDITED} [1]"], stream=True
    )
    service = open_served(model=model)
    talk = service.store.conversations.begin("v_1")
    first = next(event.message for event in await followed(await started(service, talk)) if isinstance(event, Answered))
    assert first.status == "failed"
    again = await service.reception.retry(talk, first.id, ANYONE)
    second = next(event.message for event in await followed(again) if isinstance(event, Answered))
    assert second.status == "complete"
    assert [one.id for one in service.store.messages.of(talk.id)] == [second.answers, second.id]


async def test_what_is_not_in_a_conversation_cannot_be_tried_again(service: Service) -> None:
    talk, other = (service.store.conversations.begin("v_1") for _ in range(2))
    answered = next(
        event.message for event in await followed(await started(service, talk)) if isinstance(event, Answered)
    )
    for id in (answered.id, "nothing"):
        with pytest.raises(Refused) as caught:
            await service.reception.retry(other, id, ANYONE)
        assert caught.value.status == 404


async def test_turns_beyond_the_limit_wait_and_beyond_the_queue_are_refused(open_served: Open) -> None:
    model = never()
    service = open_served(model=model, limits={"turns": 1, "queue": 1})
    talks = [service.store.conversations.begin("v_1") for _ in range(3)]
    await started(service, talks[0])
    await begun_asking(model)
    await started(service, talks[1])
    await asyncio.sleep(0)
    with pytest.raises(Refused) as caught:
        await started(service, talks[2])
    assert (caught.value.status, caught.value.retry_after) == (503, 5)
    assert len(model.requests) == 1
    for talk in talks:
        await service.reception.abandon(talk.id)


async def test_an_answer_that_takes_too_long_is_given_up(open_served: Open) -> None:
    service = open_served(model=never(), limits={"turn_seconds": 0.2})
    events = await followed(await started(service, service.store.conversations.begin("v_1")))
    assert [event.code for event in events if isinstance(event, Failed)] == ["timeout"]


async def test_a_conversation_has_an_end(open_served: Open) -> None:
    service = open_served(limits={"messages": 2})
    talk = service.store.conversations.begin("v_1")
    await followed(await started(service, talk))
    with pytest.raises(Refused) as caught:
        await started(service, talk)
    assert caught.value.code == "conversation_full"


async def test_a_service_that_ends_takes_no_questions_and_ends_what_is_under_way(open_served: Open) -> None:
    service = open_served(model=never())
    talk = service.store.conversations.begin("v_1")
    run = await started(service, talk)
    await service.reception.drain(0.1)
    message = next(event.message for event in await followed(run) if isinstance(event, Answered))
    assert message.status == "failed"
    with pytest.raises(Refused) as caught:
        await started(service, service.store.conversations.begin("v_1"))
    assert caught.value.status == 503


async def test_what_nobody_expected_ends_the_turn_with_one_sentence(
    open_served: Open, caplog: pytest.LogCaptureFixture
) -> None:
    service = open_served(model=ScriptedModel([RuntimeError("secret detail")]))
    events = await followed(await started(service, service.store.conversations.begin("v_1")))
    assert "secret detail" not in repr(events)
    assert [event.name for event in events][-3:] == ["error", "answer", "end"]
    assert "secret detail" in caplog.text


async def test_a_conversation_is_called_after_its_first_question(service: Service) -> None:
    talk = service.store.conversations.begin("v_1")
    await followed(await started(service, talk, f"{FAST} {'please ' * 30}"))
    found = service.store.conversations.find(talk.id)
    assert found is not None
    assert found.title.startswith(FAST)
    assert len(found.title) <= 80
