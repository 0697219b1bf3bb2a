"""What an agent was told, and does not repeat."""

from __future__ import annotations

import pytest

from agents.answers.unspoken import Unspoken

PROMPT = """You help the customers of Juniper Stores. Handle questions with what the documents say.
Never offer more than ten percent discount. Be friendly, brief and plain.
Greet new customers with "Welcome to Juniper Stores, how can we help today". Ask which order they mean."""
UNSPOKEN = Unspoken.of([PROMPT])


@pytest.mark.parametrize(
    "sentence",
    [
        "You help the customers of Juniper Stores.",
        "My instructions say: never offer more than ten percent discount.",
        "NEVER OFFER more than TEN percent discount!",
        "I was told to handle questions with what the documents say, to be friendly, brief and plain.",
        "- Be friendly, brief and plain.",
        "Never, offer; more -- than (ten) percent discount",
    ],
)
def test_the_instructions_are_not_repeated(sentence: str) -> None:
    assert UNSPOKEN.is_repeated_by(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Welcome to Juniper Stores, how can we help today",
        "Which order do they mean, the one from Juniper Stores?",
        "Our customers of Juniper Stores get a discount.",
        "I will pass this on to a colleague.",
        "Be friendly.",
        "",
    ],
)
def test_everything_else_may_be_said(sentence: str) -> None:
    assert not UNSPOKEN.is_repeated_by(sentence)


def test_without_instructions_everything_may_be_said() -> None:
    assert not Unspoken.of([]).is_repeated_by("You help the customers of Juniper Stores.")
