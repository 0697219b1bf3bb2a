"""Citations against evidence, and sentences against citations."""

from __future__ import annotations

from eval.cases import Gold
from eval.metrics.citations import CitationPrecision, CitationRecall, Groundedness
from eval.metrics.effort import Cost, Latency, Routing
from eval.metrics.registry import METRICS, make_metrics
from eval.observation import Hit, Observation, Sentence
from knowledge.testing import HashingEmbedder
from tests.eval.made_cases import ABSTAINED, TWO_DOCUMENTS, answered, case

LEAVE = "Every employee has 25 days of annual leave a year."
SOURCE = Hit("a.md", 0, 80, text=f"{LEAVE} Unused days expire in March.")


def test_precision_counts_citations_and_recall_counts_evidence() -> None:
    seen = answered("It is so.", Hit("a.md", 12, 15), Hit("c.md", 0, 9), Hit("a.md", 0, 11))
    precision = CitationPrecision().evaluate(case(*TWO_DOCUMENTS), seen)
    recall = CitationRecall().evaluate(case(*TWO_DOCUMENTS), seen)
    assert precision is not None
    assert recall is not None
    assert (round(precision.value, 3), recall.value) == (0.667, 0.5)


def test_an_abstention_cites_nothing_which_is_right_only_where_nothing_answers() -> None:
    recall = CitationRecall().evaluate(case(*TWO_DOCUMENTS), ABSTAINED)
    assert recall is not None
    assert recall.value == 0.0
    assert CitationRecall().evaluate(case(*TWO_DOCUMENTS, answerable=False), ABSTAINED) is None
    assert CitationPrecision().evaluate(case(*TWO_DOCUMENTS), ABSTAINED) is None


def test_quoted_sentences_are_grounded_and_changed_numbers_are_not() -> None:
    metric = Groundedness(HashingEmbedder())
    changed = Sentence("Every employee has 30 days of annual leave a year.", (SOURCE,))
    score = metric.evaluate(case(), Observation(text="x", sentences=(Sentence(LEAVE, (SOURCE,)), changed)))
    assert score is not None
    assert score.value == 0.5
    assert score.reason == f"without support: {changed.text}"


def test_a_sentence_without_citations_is_held_to_what_was_retrieved() -> None:
    metric = Groundedness(HashingEmbedder())
    alone = metric.evaluate(case(), Observation(text=LEAVE, sentences=(Sentence(LEAVE),), hits=(SOURCE,)))
    nothing = metric.evaluate(case(), Observation(text=LEAVE, sentences=(Sentence(LEAVE),)))
    assert alone is not None
    assert nothing is not None
    assert (alone.value, nothing.value) == (1.0, 0.0)
    assert metric.evaluate(case(), ABSTAINED) is None


def test_routing_counts_the_first_bank_and_failures_have_no_latency() -> None:
    routed = Routing().evaluate(case(bank="hr"), Observation(banks=("travel", "hr")))
    assert routed is not None
    assert routed.value == 0.0
    assert Routing().evaluate(case(), Observation(banks=("hr",))) is None
    assert Latency().evaluate(case(), Observation(error="down")) is None
    assert Cost().evaluate(case(), Observation()) is None


def test_every_metric_of_the_registry_survives_an_empty_observation() -> None:
    asked = case(Gold("a.md", page=1, start=0, end=4, text="text"), bank="hr")
    for metric in make_metrics(HashingEmbedder()).values():
        for seen in (Observation(), Observation(hits=()), Observation(error="down", hits=()), ABSTAINED):
            score = metric.evaluate(asked, seen)
            assert score is None or 0 <= score.value <= 1
    assert set(METRICS) == set(make_metrics(HashingEmbedder()))
