"""A follow-up question is read in the light of the one before it, and no other question is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.answers.followup import readings, speaks_of
from knowledge.types import Answer

CARD = "What is the annual fee of the platinum card?"


@pytest.mark.parametrize(
    "question",
    ["And for the gold card?", "How do I cancel it?", "What about students?", "Why?", "Is this charged abroad too?"],
)
def test_a_question_that_refers_back_is_read_with_the_words_of_the_one_before(question: str) -> None:
    first, *others = readings(question, CARD)
    assert first.startswith(question)
    assert "platinum" in first or "fee" in first
    assert others == [question]


def test_a_short_question_is_tried_alone_first() -> None:
    assert readings("Lost PIN?", CARD) == ("Lost PIN?", "Lost PIN? annual fee platinum card")


@pytest.mark.parametrize(
    "question",
    [
        "How can a customer dispute a transaction that was made with a stolen debit card?",
        "Which documents are needed to open a joint savings account for a minor?",
    ],
)
def test_a_question_that_stands_alone_means_what_it_says(question: str) -> None:
    assert readings(question, CARD) == (question,)


def test_the_first_question_means_what_it_says() -> None:
    assert readings("Why?", "") == ("Why?",)


def test_words_that_are_there_already_are_not_added_again() -> None:
    [joined, _] = readings("And the fees of the silver card?", CARD)
    assert joined == "And the fees of the silver card? annual platinum"


@pytest.mark.parametrize(
    ("question", "text", "speaks"),
    [
        ("Who is the pope?", "A night in a hotel may cost at most 140 euros.", False),
        ("Lost PIN?", "A new PIN is sent by letter.", True),
        ("Why?", "It is refunded.", True),
    ],
)
def test_what_is_found_for_a_short_question_must_hold_a_word_of_it(question: str, text: str, *, speaks: bool) -> None:
    answer = Answer(question, text, (), abstained=False, confidence=0.9, closest=(), banks=("desk",))
    assert speaks_of(question, answer) is speaks


@given(st.text(max_size=80), st.text(max_size=80))
def test_the_question_itself_is_always_among_the_readings_and_never_cut(question: str, previous: str) -> None:
    found = readings(question, previous)
    assert question in found
    assert all(reading.startswith(question) for reading in found)
    assert len(found) <= 2
