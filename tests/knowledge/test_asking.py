"""Banks and libraries answer a question after the turns before it."""

from __future__ import annotations

import pytest

from knowledge.library import Library
from knowledge.types import Answer
from tests.two_banks import build

TURNS = ("How many days of annual leave do I have?", "Every employee has 25 days of annual leave a year.")
FOLLOW_UP = "And how many of them may be carried over?"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return build(tmp_path_factory.mktemp("library"))


def answers(library: Library, question: str, *history: str) -> tuple[Answer, Answer]:
    return library.bank("hr").ask(question, history=history), library.ask(question, history=history)


def test_a_follow_up_is_answered_in_the_light_of_the_turns_before_it(library: Library) -> None:
    for answer in answers(library, FOLLOW_UP, *TURNS):
        assert "31 March" in answer.text
        assert answer.question == FOLLOW_UP


def test_without_turns_a_question_is_what_it_was(library: Library) -> None:
    for answer in answers(library, TURNS[0]):
        assert "25 days" in answer.text
