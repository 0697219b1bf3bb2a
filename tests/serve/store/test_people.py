"""What is kept of a person: found, given out, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from serve.store.conversations import conversations
from serve.store.messages import Message
from serve.store.people import People
from serve.store.schema import metadata, new_id, now
from serve.store.store import Store, open_store
from serve.store.tickets import Call, open_ticket
from serve.store.turns import Outcome, Retrieved, ToolUse


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store of its own."""
    made = open_store(tmp_path)
    yield made
    made.close()


def conversation(store: Store, owner: str, text: str, *, days_ago: float = 0) -> str:
    """A conversation of `owner` in which a question was asked and answered, with all that belongs to that."""
    begun = store.conversations.begin(owner)
    question = Message(new_id(), begun.id, "user", text, owner, now())
    answer = Message(new_id(), begun.id, "assistant", "", "bot", now(), status="pending", answers=question.id)
    store.turns.begin(question, answer, title=text[:20])
    done = replace(answer, status="complete", text="An answer.")
    found = (Retrieved(text, 1, "hr", 1, 1, "Leave", {"dense": 0.5}),)
    store.turns.finish(Outcome(done, "complete", retrieved=found, tools=(ToolUse("look", {"q": text}, "x", 0.1),)))
    if days_ago:
        moment = now() - timedelta(days=days_ago)
        with store.database.writing() as connection:
            connection.execute(update(conversations).where(conversations.c.id == begun.id).values(updated=moment))
    return begun.id


def rows(store: Store) -> dict[str, int]:
    """How many rows each table holds that says something about somebody."""
    with store.database.reading() as connection:
        counted = {table.name: len(connection.execute(select(table)).all()) for table in metadata.sorted_tables}
    return {name: count for name, count in counted.items() if count}


def test_a_person_is_given_everything_that_is_kept_of_them(store: Store) -> None:
    id = conversation(store, "v_ann", "How many days of leave?")
    conversation(store, "v_bob", "Where is the office?")
    (found,) = People(store.database).everything_of("v_ann")
    assert found["id"] == id
    assert [message["text"] for message in found["messages"]] == ["How many days of leave?", "An answer."]
    assert found["turns"][0]["status"] == "complete"
    assert found["retrievals"][0]["query"] == "How many days of leave?"
    assert found["tool_calls"][0]["arguments"] == {"q": "How many days of leave?"}
    assert "office" not in str(found)


def test_what_hangs_on_what_hangs_on_a_conversation_is_theirs_too(store: Store) -> None:
    id = conversation(store, "v_ann", "I want to talk to somebody")
    with store.database.writing() as connection:
        open_ticket(connection, id, Call("request", reason="Asked.", contact="ann@mail.example"))
    people = People(store.database)
    (found,) = people.everything_of("v_ann")
    assert [ticket["contact"] for ticket in found["tickets"]] == ["ann@mail.example"]
    assert [news["event"] for news in found["outbox"]] == ["ticket.opened"]
    assert [one.conversation for one in people.holding("ann@mail.example")] == [id]
    people.forget("v_ann")
    assert rows(store) == {}


def test_nothing_is_left_of_a_person_who_is_forgotten(store: Store, tmp_path: Path) -> None:
    before = rows(store)
    words = "the unmistakable Wednesday kettle"
    conversation(store, "v_ann", words)
    other = conversation(store, "v_bob", "Where is the office?")
    assert People(store.database).forget("v_ann") == 1
    assert [one.id for one in store.conversations.of("v_bob")] == [other]
    assert People(store.database).forget("v_bob") == 1
    assert rows(store) == before
    store.close()
    held = [path.name for path in tmp_path.iterdir() if words.encode() in path.read_bytes()]
    assert held == []


def test_a_person_is_found_by_what_they_said(store: Store) -> None:
    id = conversation(store, "v_ann", "Write to Ann@Mail.example, 100% sure")
    conversation(store, "v_bob", "Where is the office?")
    people = People(store.database)
    (found,) = people.holding("ann@mail.EXAMPLE")
    assert (found.owner, found.conversation) == ("v_ann", id)
    assert people.holding("nobody@mail.example") == ()
    assert len(people.holding("100% sure")) == 1
    assert people.holding("100_ sure") == ()


def test_a_person_is_found_by_what_they_left_beside_the_conversation(store: Store) -> None:
    id = conversation(store, "v_ann", "Hello?")
    with store.database.writing() as connection:
        details = {"contact": "ann@mail.example"}
        connection.execute(update(conversations).where(conversations.c.id == id).values(details=details))
    assert [found.conversation for found in People(store.database).holding("ann@mail.example")] == [id]


def test_what_nobody_used_for_long_is_forgotten(store: Store) -> None:
    old = [conversation(store, "v_ann", f"Old {number}", days_ago=31) for number in range(5)]
    young = conversation(store, "v_ann", "Young", days_ago=29)
    assert People(store.database).forget_unused_since(now() - timedelta(days=30)) == len(old)
    assert [one.id for one in store.conversations.of("v_ann")] == [young]
