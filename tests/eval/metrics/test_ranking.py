"""Ranking metrics against figures worked out by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.cases import Gold
from eval.metrics.ranking import AllGold, Ranked, Recall
from eval.observation import Hit, Observation
from tests.eval.made_cases import TWO_DOCUMENTS, case, ranked

NDCG, MRR = Ranked("nDCG@10"), Ranked("RR")


def value(metric: Recall | AllGold | Ranked, *docs: str, gold: tuple[Gold, ...] = TWO_DOCUMENTS) -> float:
    score = metric.evaluate(case(*gold), ranked(*docs))
    assert score is not None
    return score.value


def test_recall_is_the_share_of_groups_and_all_gold_wants_every_one() -> None:
    assert value(Recall(1), "a.md", "b.md") == 0.5
    assert value(Recall(3), "a.md", "x.md", "b.md") == 1.0
    assert value(AllGold(5), "a.md", "x.md") == 0.0
    assert value(AllGold(5), "b.md", "a.md") == 1.0


def test_ndcg_and_reciprocal_rank_are_those_of_the_textbook() -> None:
    ideal = 1 + 1 / math.log2(3)
    assert value(NDCG, "x.md", "a.md", "b.md") == pytest.approx((1 / math.log2(3) + 1 / math.log2(4)) / ideal)
    assert value(MRR, "x.md", "y.md", "b.md") == pytest.approx(1 / 3)
    assert value(NDCG, "a.md", "b.md") == pytest.approx(1.0)


def test_grades_count_in_ndcg() -> None:
    gold = (Gold("a.md", group=0, grade=1), Gold("b.md", group=1, grade=3))
    assert value(NDCG, "b.md", "a.md", gold=gold) == pytest.approx(1.0)
    assert value(NDCG, "a.md", "b.md", gold=gold) < 1.0


def test_one_of_two_alternatives_is_enough() -> None:
    gold = (Gold("a.md", group=0), Gold("b.md", group=0))
    assert value(Recall(1), "b.md", gold=gold) == 1.0
    assert value(NDCG, "b.md", "a.md", gold=gold) == pytest.approx(1.0)


def test_a_document_stands_where_its_best_passage_stands() -> None:
    assert value(MRR, "a.md", "x.md", "a.md") == 1.0
    assert value(Recall(1), "a.md", "x.md", "a.md") == 0.5


def test_nothing_retrieved_scores_zero_and_a_system_that_does_not_tell_has_no_score() -> None:
    assert value(NDCG) == value(MRR) == value(Recall(5)) == 0.0
    assert NDCG.evaluate(case(*TWO_DOCUMENTS), Observation()) is None
    assert Recall(5).evaluate(case(), ranked("a.md")) is None


def test_the_reason_names_the_rank_and_what_is_missing() -> None:
    score = Recall(1).evaluate(case(*TWO_DOCUMENTS), ranked("x.md", "b.md"))
    missing = AllGold(5).evaluate(case(*TWO_DOCUMENTS), ranked("b.md"))
    assert score is not None
    assert score.reason == "first right document at rank 2"
    assert missing is not None
    assert missing.reason == "missing: a.md"


@given(st.lists(st.sampled_from("abcdef"), max_size=12))
def test_every_ranking_score_lies_between_zero_and_one_and_recall_never_falls_with_k(order: list[str]) -> None:
    asked = case(Gold("a"), Gold("b", group=0), Gold("c", group=0))
    seen = Observation(hits=tuple(Hit(doc) for doc in order))
    scores = [metric.evaluate(asked, seen) for metric in (NDCG, MRR, Recall(1), Recall(3), Recall(5))]
    values = [score.value for score in scores if score]
    assert len(values) == 5
    assert all(0 <= one <= 1 + 1e-9 for one in values)
    assert values[2] <= values[3] <= values[4]
