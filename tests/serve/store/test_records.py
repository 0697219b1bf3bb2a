"""What is kept of conversations: messages, turns, events; together or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from serve.store.conversations import Conversation
from serve.store.messages import CitedPlace, Message
from serve.store.schema import new_id, now
from serve.store.store import Store, open_store
from serve.store.turns import ModelUse, Outcome, Retrieved, ToolUse, model_calls, retrievals, tool_calls

PLACE = CitedPlace(1, "Leave", "hr", "leave.md", 7, 10, 20, "25 days “of” ✓", page=2, headings=("A", "B"), kind="pdf")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


def question_in(conversation: Conversation, text: str = "How long?") -> Message:
    return Message(new_id(), conversation.id, "user", text, "customer", now())


def answer_to(question: Message) -> Message:
    return Message(new_id(), question.conversation, "assistant", "", "", now(), status="pending", answers=question.id)


def test_a_message_comes_back_as_it_was(store: Store) -> None:
    talk = store.conversations.begin("v_1")
    message = replace(
        question_in(talk),
        role="assistant",
        citations=(PLACE,),
        closest=(replace(PLACE, page=None, kind="text"),),
        followups=("And abroad?",),
        access=(("staff",),),
        confidence=0.5,
        abstained=True,
    )
    store.messages.add(message)
    assert store.messages.find(message.id) == message
    assert store.messages.of(talk.id) == (message,)


def test_a_turn_is_kept_with_all_that_it_took(store: Store) -> None:
    talk = store.conversations.begin("v_1")
    question = question_in(talk)
    pending = answer_to(question)
    store.turns.begin(question, pending, title="How long?")
    assert [one.status for one in store.messages.of(talk.id)] == ["complete", "pending"]
    outcome = Outcome(
        replace(pending, status="complete", text="25 days [1].", citations=(PLACE,)),
        "complete",
        tier="Support",
        topic="How long is leave?",
        state="waiting",
        reason="asked for",
        timings={"total": 0.5},
        retrieved=(Retrieved("How long?", 1, "hr", 7, 3, "Leave", {"total": 0.9}),),
        tools=(ToolUse("create_support_ticket", {"summary": "x"}, "Ticket 1", 0.1),),
        models=(ModelUse("m", "Support", 2, 100, 20, 1.5, 0.01, estimated=False),),
    )
    store.turns.finish(outcome)
    kept = store.conversations.find(talk.id)
    assert kept is not None
    assert (kept.title, kept.topic, kept.state) == ("How long?", "How long is leave?", "waiting")
    (turn,) = store.turns.of(talk.id)
    assert turn["status"] == "complete"
    assert turn["retrievals"][0]["scores"] == {"total": 0.9}
    assert turn["tools"][0]["arguments"] == {"summary": "x"}
    assert turn["models"][0]["cost"] == 0.01
    assert [event.kind for event in store.events.after(talk.id, 0)] == ["message", "message", "state"]


def test_an_id_is_given_once(store: Store) -> None:
    talk = store.conversations.begin("v_1")
    question = question_in(talk)
    store.turns.begin(question, answer_to(question))
    with pytest.raises(IntegrityError):
        store.turns.begin(question, answer_to(question))
    assert len(store.messages.of(talk.id)) == 2


def test_another_try_takes_the_place_of_the_first(store: Store) -> None:
    talk = store.conversations.begin("v_1")
    question = question_in(talk)
    first, second = answer_to(question), answer_to(question)
    store.turns.begin(question, first)
    store.turns.finish(Outcome(replace(first, status="complete", text="one"), "complete"))
    store.turns.begin(question, second, again=True)
    assert [one.id for one in store.messages.of(talk.id)] == [question.id, second.id]
    assert len(store.turns.of(talk.id)) == 2


def test_what_was_under_way_when_the_service_died_has_failed(store: Store) -> None:
    talk = store.conversations.begin("v_1")
    question = question_in(talk)
    store.turns.begin(question, answer_to(question))
    assert store.turns.end_interrupted() == 1
    assert store.turns.end_interrupted() == 0
    said = store.messages.of(talk.id)
    assert [one.status for one in said] == ["complete", "failed"]
    assert "try again" in said[1].text


def test_what_another_process_works_on_goes_on(store: Store) -> None:
    talk = store.conversations.begin("v_1")
    question = question_in(talk)
    store.turns.begin(question, answer_to(question))
    assert store.turns.end_interrupted(begun_before=now() - timedelta(minutes=1)) == 0
    assert store.turns.end_interrupted(begun_before=now() + timedelta(minutes=1)) == 1


def test_nothing_is_left_of_a_conversation_that_is_deleted(store: Store) -> None:
    talk = store.conversations.begin("v_1")
    question = question_in(talk)
    pending = answer_to(question)
    store.turns.begin(question, pending)
    store.turns.finish(
        Outcome(
            replace(pending, status="complete", text="x"),
            "complete",
            retrieved=(Retrieved("q", 1, "hr", 1, 1, "t", {}),),
            tools=(ToolUse("t", {}, "r", 0.0),),
            models=(ModelUse("m", "a", 1, 1, 1, 0.0, None, estimated=True),),
        )
    )
    assert store.conversations.remove(talk.id)
    assert not store.conversations.remove(talk.id)
    assert store.messages.find(question.id) is None
    assert not store.turns.of(talk.id)
    assert not store.events.after(talk.id, 0)
    with store.database.reading() as connection:
        for table in (retrievals, tool_calls, model_calls):
            assert not connection.execute(select(table)).all()


def test_a_rating_survives_a_later_change_of_the_answer(store: Store) -> None:
    talk = store.conversations.begin("v_1")
    question = question_in(talk)
    pending = answer_to(question)
    store.turns.begin(question, pending)
    store.messages.rate(pending.id, "down", "wrong")
    store.turns.finish(Outcome(replace(pending, status="complete", text="x"), "complete"))
    found = store.messages.find(pending.id)
    assert found is not None
    assert (found.rating, found.reason) == ("down", "wrong")
    store.messages.rate(pending.id, None, "ignored")
    found = store.messages.find(pending.id)
    assert found is not None
    assert (found.rating, found.reason) == (None, "")


def test_a_person_sees_their_own_conversations_last_used_first(store: Store) -> None:
    first, second = store.conversations.begin("v_1"), store.conversations.begin("v_1")
    store.conversations.begin("v_2")
    store.messages.add(question_in(first))
    assert [one.id for one in store.conversations.of("v_1")] == [first.id, second.id]


def test_events_are_numbered_for_good(store: Store) -> None:
    talk = store.conversations.begin("v_1")
    store.events.set_state(talk.id, "waiting")
    last = store.events.last(talk.id)
    store.conversations.remove(talk.id)
    other = store.conversations.begin("v_1")
    store.events.set_state(other.id, "waiting", data={"reason": "x"})
    (event,) = store.events.after(other.id, 0)
    assert event.seq > last
    assert event.data == {"state": "waiting", "reason": "x"}
