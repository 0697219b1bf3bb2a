"""Turns without a language model: quoted, cited, in the light of what came before, for the eyes of whoever asks."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from knowledge.types import Reader
from serve.service import Service
from serve.store.conversations import Conversation
from serve.turns.events import Accepted, Answered, Delta, Ended, Progress, TurnEvent
from serve.turns.places import unescaped
from serve.turns.run import Run
from tests.serve.conftest import Open
from tests.serve.served import EXPEDITED, FAST, PLANE, SECRET, UNKNOWN

STAFF = Reader(frozenset({"staff"}))


async def followed(run: Run) -> list[TurnEvent]:
    return [event async for event in run.follow(every=60) if event is not None]


async def ask(service: Service, conversation: Conversation, text: str, reader: Reader | None = None) -> Answered:
    now = await asyncio.to_thread(service.store.conversations.find, conversation.id)
    assert now is not None
    events = await followed(await service.reception.ask(now, uuid4().hex, text, reader or Reader()))
    return next(event for event in events if isinstance(event, Answered))


async def test_a_turn_is_told_from_question_to_answer(service: Service) -> None:
    talk = service.store.conversations.begin("v_1")
    run = await service.reception.ask(talk, uuid4().hex, FAST, Reader())
    events = await followed(run)
    assert isinstance(events[0], Accepted)
    stages = [event.stage for event in events if isinstance(event, Progress)]
    assert stages == ["searching", "reading"]
    answer = events[-2]
    assert isinstance(answer, Answered)
    assert isinstance(events[-1], Ended)
    shown = "".join(event.text for event in events if isinstance(event, Delta))
    assert shown == answer.message.text
    assert service.store.messages.of(talk.id)[-1] == answer.message


async def test_every_citation_says_what_the_document_says(service: Service) -> None:
    talk = service.store.conversations.begin("v_1")
    message = (await ask(service, talk, FAST)).message
    assert EXPEDITED in unescaped(message.text)
    assert "[1]" in message.text
    for place in message.citations:
        document = service.library.bank(place.bank).document(place.document_id)
        assert document.text[place.start : place.end] == place.quote


async def test_a_pdf_is_cited_with_its_page(service: Service) -> None:
    message = (await ask(service, service.store.conversations.begin("v_1"), PLANE)).message
    assert message.citations[0].kind == "pdf"
    assert message.citations[0].page


async def test_a_question_that_nothing_answers_is_not_answered(service: Service) -> None:
    message = (await ask(service, service.store.conversations.begin("v_1"), UNKNOWN)).message
    assert message.abstained
    assert not message.citations
    assert message.closest
    assert "talk to a person" in message.text


async def test_no_person_is_offered_where_there_is_none(open_served: Open) -> None:
    service = open_served(features={"handover": False})
    message = (await ask(service, service.store.conversations.begin("v_1"), UNKNOWN)).message
    assert message.abstained
    assert "person" not in message.text


async def test_a_service_may_ask_for_more_confidence(open_served: Open) -> None:
    service = open_served(flow={"confidence": 1.0})
    message = (await ask(service, service.store.conversations.begin("v_1"), FAST)).message
    assert message.abstained


async def test_a_question_may_refer_to_the_one_before(service: Service) -> None:
    talk = service.store.conversations.begin("v_1")
    await ask(service, talk, "What is the annual fee of the Gold Rewards Card?")
    message = (await ask(service, talk, "And its late payment fee?")).message
    assert "32.50" in message.text
    assert "gold" in message.understood.lower()


async def test_what_is_for_staff_is_shown_to_staff_alone(service: Service) -> None:
    talk = service.store.conversations.begin("v_1")
    customer = (await ask(service, talk, SECRET)).message
    assert "get_pending_replacement_orders" not in customer.text + repr(customer.closest)
    staff = (await ask(service, service.store.conversations.begin("k_1"), SECRET, STAFF)).message
    assert "Internal" in repr(staff.citations)
    assert ("staff",) in staff.access


async def test_what_may_be_asked_next_is_answered(service: Service) -> None:
    talk = service.store.conversations.begin("v_1")
    first = (await ask(service, talk, FAST)).message
    assert first.followups
    for question in first.followups:
        follow = service.store.conversations.begin("v_2")
        await ask(service, follow, FAST)
        message = (await ask(service, follow, question)).message
        assert not message.abstained, question
        assert set(message.citations) != set(first.citations)


async def test_what_a_turn_took_is_kept(service: Service) -> None:
    talk = service.store.conversations.begin("v_1")
    await ask(service, talk, FAST)
    (turn,) = service.store.turns.of(talk.id)
    assert turn["status"] == "complete"
    assert turn["timings"]["total"] > 0
    assert turn["retrievals"][0]["bank"] == "banking"
    assert turn["retrievals"][0]["scores"]["total"] > 0
    assert turn["models"] == []
