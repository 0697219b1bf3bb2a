"""Span metrics: overlaps counted by hand, and against counting characters one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.cases import Gold
from eval.metrics.spans import PageRecall, SpanRecall, SpanShare
from eval.observation import Hit, Observation
from tests.eval.made_cases import case

GOLD = Gold("a.md", start=10, end=30, group=0)
Spans = list[tuple[int, int]]
spans = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)).map(lambda s: (s[0], s[0] + s[1])), min_size=1)


def hits(*ranges: tuple[int, int], doc: str = "a.md") -> Observation:
    return Observation(hits=tuple(Hit(doc, start, end) for start, end in ranges))


def test_a_passage_that_overlaps_the_words_meets_them_and_one_beside_them_does_not() -> None:
    metric = SpanRecall(1)
    assert [
        score.value
        for found in (hits((25, 90)), hits((30, 90)), hits((10, 30), doc="b.md"))
        if (score := metric.evaluate(case(GOLD), found))
    ] == [1.0, 0.0, 0.0]


def test_without_offsets_the_words_themselves_are_compared() -> None:
    gold = Gold("a.pdf", page=2, text="nine  days of\nleave")
    found = Observation(hits=(Hit("/x/a.pdf", page_first=2, page_last=3, text="There are Nine days of leave."),))
    span, page = SpanRecall(5).evaluate(case(gold), found), PageRecall(5).evaluate(case(gold), found)
    assert span is not None
    assert page is not None
    assert (span.value, page.value) == (1.0, 1.0)


def test_pages_count_as_ranges_and_only_where_the_evidence_names_one() -> None:
    found = Observation(hits=(Hit("a.pdf", page_first=2, page_last=3),))
    scores = [PageRecall(1).evaluate(case(Gold("a.pdf", page=page)), found) for page in (1, 2, 3, 4)]
    assert [score.value for score in scores if score] == [0, 1, 1, 0]
    assert PageRecall(1).evaluate(case(Gold("a.pdf")), found) is None


def test_coverage_precision_and_iou_are_shares_of_characters() -> None:
    found = hits((20, 40), (25, 45))
    shares = [SpanShare(5, share).evaluate(case(GOLD), found) for share in ("coverage", "precision", "iou")]
    assert [score.value for score in shares if score] == [pytest.approx(v) for v in (10 / 20, 10 / 25, 10 / 35)]


def test_of_alternatives_the_best_covered_counts() -> None:
    other = Gold("a.md", start=100, end=104, group=0)
    score = SpanShare(5, "coverage").evaluate(case(GOLD, other), hits((100, 110)))
    assert score is not None
    assert score.value == 1.0


@given(spans, spans)
def test_the_shares_agree_with_counting_characters(gold: Spans, found: Spans) -> None:
    asked = case(*(Gold("a.md", start=start, end=end) for start, end in gold))
    wanted = {at for start, end in gold for at in range(start, end)}
    given_ = {at for start, end in found[:5] for at in range(start, end)}
    expected = {
        "coverage": len(wanted & given_) / len(wanted),
        "precision": len(wanted & given_) / len(given_),
        "iou": len(wanted & given_) / len(wanted | given_),
    }
    for share in ("coverage", "precision", "iou"):
        score = SpanShare(5, share).evaluate(asked, hits(*found))
        assert score is not None
        assert score.value == pytest.approx(expected[share])
