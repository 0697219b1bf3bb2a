"""Answers against references."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.cases import Gold
from eval.metrics.answers import Correct, ExactMatch, PhraseF1, RougeL, Similarity, TokenF1, rouge_l, token_f1, tokens
from eval.observation import Hit, Observation, Sentence
from knowledge.testing import HashingEmbedder
from tests.eval.made_cases import ABSTAINED, answered, case

words = st.lists(st.sampled_from("abcde"), max_size=8)


def test_case_articles_punctuation_and_thousands_marks_do_not_count() -> None:
    assert tokens("The Fee: $1,250.50, a year!") == ["fee", "1250.50", "year"]
    score = ExactMatch().evaluate(case(answers=["nothing", "9 days"]), answered("The 9 days."))
    assert score is not None
    assert score.value == 1.0


def test_what_is_marked_as_the_answer_is_measured_by_itself() -> None:
    said = Observation(text="You get 25 days of leave.", phrase="25 days of")
    score = PhraseF1().evaluate(case(answers=["25 days"]), said)
    assert score is not None
    assert score.value == pytest.approx(0.8)
    nothing = Observation(text="You get 25 days of leave.")
    assert PhraseF1().evaluate(case(answers=["25 days"]), nothing) is None


def test_f1_and_rouge_are_those_of_the_textbook() -> None:
    assert token_f1(["a", "b", "c", "d"], ["b", "d"]) == pytest.approx(2 / 3)
    assert rouge_l(["d", "a", "b", "c"], ["a", "c", "d"]) == pytest.approx(2 * 2 / 7)


def test_an_abstention_scores_zero_where_there_was_an_answer() -> None:
    for metric in (ExactMatch(), TokenF1(), RougeL(), Similarity(HashingEmbedder())):
        score = metric.evaluate(case(), ABSTAINED)
        assert score is not None
        assert (score.value, score.reason) == (0.0, "abstained")


def test_where_nothing_can_be_compared_there_is_no_score() -> None:
    for metric in (ExactMatch(), TokenF1(), RougeL(), Similarity(HashingEmbedder())):
        assert metric.evaluate(case(answers=[]), answered("9 days")) is None
        assert metric.evaluate(case(answerable=False), answered("9 days")) is None


def test_an_answer_of_the_same_words_is_as_similar_as_can_be() -> None:
    score = Similarity(HashingEmbedder()).evaluate(case(answers=["seven", "nine days"]), answered("nine days"))
    assert score is not None
    assert score.value == pytest.approx(1.0)


def test_an_answer_is_correct_when_it_says_the_reference_or_quotes_the_evidence() -> None:
    gold = Gold("a.md", start=10, end=20)
    correct = Correct()
    says = correct.evaluate(case(gold), answered("You get 9 days of leave."))
    quotes = correct.evaluate(case(gold), answered("You get nine.", Hit("a.md", 5, 15)))
    neither = correct.evaluate(case(gold), answered("You get 19 days.", Hit("a.md", 20, 30)))
    assert [score.value for score in (says, quotes, neither) if score] == [1.0, 1.0, 0.0]


def test_what_was_withheld_counts_as_said_and_an_unanswerable_question_has_no_correct_answer() -> None:
    withheld = Observation(abstained=True, withheld=(Sentence("It is 9 days."),), confidence=0.2)
    said = Correct().evaluate(case(), withheld)
    assert said is not None
    assert said.value == 1.0
    assert Correct().evaluate(case(answerable=False), withheld) is None


@given(words, words)
def test_token_measures_are_symmetric_bounded_and_one_only_for_equal_words(one: list[str], other: list[str]) -> None:
    for measure in (token_f1, rouge_l):
        assert measure(one, other) == pytest.approx(measure(other, one))
        assert 0 <= measure(one, other) <= 1
    if one:
        assert token_f1(one, one) == rouge_l(one, one) == 1.0
    assert (rouge_l(one, other) == 1.0) == (bool(one) and one == other)
    assert rouge_l(one, other) <= token_f1(one, other) + 1e-12
