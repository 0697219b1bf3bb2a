"""What was said before, as whoever quotes reads it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agents.answers.turns import Turn
from knowledge.answers.grounding import UNANSWERED
from knowledge.types import Reader
from serve.store.messages import Message, Role
from serve.store.schema import new_id, now
from serve.turns.history import turns_before
from serve.turns.places import escaped, unescaped


def said(role: Role, text: str, *, abstained: bool = False, access: tuple[tuple[str, ...], ...] = ()) -> Message:
    return Message(new_id(), "c", role, text, "x", now(), abstained=abstained, access=access)


def test_questions_go_with_their_answers() -> None:
    history = (
        said("user", "Hello?"),
        said("user", "How long?"),
        said("assistant", "25 days \\[a year\\]. [1]"),
        said("agent", "A person says so too."),
        said("user", "And abroad?"),
        said("assistant", f"{UNANSWERED} Would you like to talk to a person?", abstained=True),
        said("user", "Still there?"),
    )
    assert turns_before(history, Reader()) == [Turn("How long?", "25 days [a year]."), Turn("And abroad?", UNANSWERED)]


def test_what_a_reader_may_not_read_by_now_was_not_said() -> None:
    history = (said("user", "Secret?"), said("assistant", "91,000 crowns.", access=(("staff",),)))
    assert turns_before(history, Reader()) == []
    assert len(turns_before(history, Reader(frozenset({"staff"})))) == 1


@given(st.lists(st.text().map(str.strip)).map("\n".join))
def test_what_is_escaped_comes_back(text: str) -> None:
    assert unescaped(escaped(text)) == text
