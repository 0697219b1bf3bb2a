"""Leaving out of a question what only asks."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.storage.asking import ASKING, without_asking
from knowledge.storage.lexical import Postings, PostingsWriter


@pytest.mark.parametrize(
    ("question", "language", "rest"),
    [
        ("How do I close my account?", "en", ["close", "account"]),
        ("What's the card's annual fee? Please tell me, thanks!", "en", ["the", "card", "annual", "fee"]),
        ("What does the WHO say about IT?", "en", ["the", "WHO", "say", "about", "IT"]),
        ("HOW DO I PAY?", "en", ["PAY"]),
        ("sales in May in the US", "en", ["sales", "in", "May", "in", "the", "US"]),
        ("Wann und warum verfällt der Urlaub?", "de", ["und", "verfällt", "der", "Urlaub"]),
        ("¿Cuándo puedo cancelar?", "es", ["cancelar"]),
        ("年会費はいくらですか", "ja", ["年会費はいくらですか"]),
    ],
)
def test_what_is_asked_about_is_left(question: str, language: str, rest: list[str]) -> None:
    kept = without_asking(question, language)
    assert [word.strip("¿?.,!") for word in kept.split() if word.strip("¿?.,!")] == rest


@pytest.mark.parametrize("text", ["How do I?", "what", "", "???", "Who are you?"])
def test_a_question_never_loses_all_its_words(text: str) -> None:
    assert without_asking(text, "en").strip() == text or "are" in without_asking(text, "en")


@given(st.text(), st.sampled_from(sorted(ASKING)))
def test_only_whole_words_go(text: str, language: str) -> None:
    before, after = text.split(), without_asking(text, language).split()
    assert len("".join(after)) <= len("".join(before))
    assert bool(after) == bool(before)


def test_a_passage_that_says_how_do_i_does_not_outrank_the_one_that_says_the_matter(tmp_path: Path) -> None:
    writer = PostingsWriter(tmp_path, "en")
    filler = [(number, f"opening hours of branch {number}") for number in range(10, 60)]
    writer.add([(1, "How do I do what I do, and when do you?"), (2, "Accounts are closed in the settings."), *filler])
    writer.commit()
    writer.close()
    assert list(Postings(tmp_path, "en").search("How do I close my account?", 5)) == [2]
    assert list(Postings(tmp_path, "en").search("How do I?", 5)) == [1]
