"""A question goes on with a conversation where the documents have something nearer for both together."""

from __future__ import annotations

import pytest

from agents.answers.conversation import Conversation
from agents.answers.going_on import goes_on, spoken
from agents.answers.turns import Turn
from knowledge.answers.grounding import UNANSWERED
from knowledge.library import Library
from tests.two_banks import build

LEAVE = Turn("How many days of annual leave do I have?", "Every employee has 25 days of annual leave a year.")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return build(tmp_path_factory.mktemp("library"))


@pytest.mark.parametrize(
    ("question", "continues"),
    [
        ("What if I do not take all of it?", True),
        ("Is there a restocking fee for opened goods?", False),
    ],
)
def test_the_documents_tell_what_goes_on_from_what_begins(library: Library, question: str, *, continues: bool) -> None:
    alone, after = library.search(question), library.search(question, history=spoken([LEAVE]))
    assert goes_on(alone, after) is continues


def test_without_passages_nothing_goes_on() -> None:
    assert not goes_on((), ())


def test_what_was_not_answered_is_not_read_again() -> None:
    hopeless = Turn("Who painted the ceiling?", UNANSWERED)
    assert spoken([LEAVE, hopeless]) == (LEAVE.question, LEAVE.answer, hopeless.question)
    assert len(spoken([LEAVE] * 9)) == 6


def test_a_question_that_refers_to_nothing_is_answered_in_the_light_of_the_turns_before(library: Library) -> None:
    talk = Conversation(library)
    talk.ask("May I work from home?")
    answer = talk.ask("How many days is that limited to in another country?")
    assert "20 days" in answer.text
