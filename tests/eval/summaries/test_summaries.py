"""Summaries of a run against figures worked out by hand, and what must hold for any run."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.summaries.abstention import AbstentionPrecision, AbstentionRecall, AnswerRate, Right, Separation
from eval.summaries.outcomes import Outcome, Outcomes
from eval.summaries.registry import SUMMARIES
from eval.summaries.risk import CalibrationError, RiskCoverageArea, risk_curve

ROWS = (
    Outcome(answerable=True, answered=True, confidence=0.9, correct=1.0),
    Outcome(answerable=True, answered=True, confidence=0.7, correct=0.0),
    Outcome(answerable=True, answered=False, confidence=0.3, correct=1.0),
    Outcome(answerable=False, answered=True, confidence=0.6, correct=0.0),
    Outcome(answerable=False, answered=False, confidence=0.2, correct=0.0),
)
outcome = st.builds(
    Outcome,
    answerable=st.booleans(),
    answered=st.booleans(),
    confidence=st.none() | st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0]),
    correct=st.none() | st.sampled_from([0.0, 1.0]),
    failed=st.booleans(),
)


def test_abstention_is_counted_on_both_sides() -> None:
    outcomes = Outcomes.of(ROWS)
    scores = [m.evaluate(outcomes) for m in (AbstentionPrecision(), AbstentionRecall(), AnswerRate(), Right())]
    assert [score.value for score in scores if score] == [pytest.approx(v) for v in (1 / 2, 1 / 2, 2 / 3, 2 / 5)]


def test_a_failure_is_neither_an_answer_nor_an_abstention() -> None:
    down = [
        Outcome(answerable=answerable, answered=False, confidence=None, correct=0.0, failed=True)
        for answerable in (True, False)
    ]
    outcomes = Outcomes.of([*ROWS, *down])
    scores = [m.evaluate(outcomes) for m in (AbstentionPrecision(), AbstentionRecall(), AnswerRate(), Right())]
    assert [score.value for score in scores if score] == [pytest.approx(v) for v in (1 / 2, 1 / 3, 2 / 4, 2 / 7)]
    assert AbstentionPrecision().evaluate(Outcomes.of(down)) is None


def test_separation_is_the_chance_that_an_answerable_case_is_surer() -> None:
    score = Separation().evaluate(Outcomes.of(ROWS))
    assert score is not None
    assert score.value == pytest.approx(5 / 6)


def test_the_risk_curve_runs_from_the_surest_case_to_all() -> None:
    curve = risk_curve(Outcomes.of(ROWS))
    assert curve is not None
    assert list(curve.coverage) == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert list(curve.risk) == pytest.approx([0, 1 / 2, 2 / 3, 1 / 2, 3 / 5])
    assert curve.most_coverage(0.1) == pytest.approx((0.2, 0.9))
    assert curve.most_coverage(0.5) == pytest.approx((0.8, 0.3))


def test_no_threshold_is_drawn_between_equal_confidences() -> None:
    rows = [Outcome(answerable=True, answered=True, confidence=0.5, correct=float(i < 3)) for i in range(4)]
    curve = risk_curve(Outcomes.of(rows))
    assert curve is not None
    assert curve.most_coverage(0.25) == (1.0, 0.5)
    assert curve.most_coverage(0.2)[0] == 0.0


def test_honest_confidence_has_no_calibration_error() -> None:
    honest = [Outcome(answerable=True, answered=True, confidence=0.75, correct=float(i < 3)) for i in range(4)]
    boasting = [Outcome(answerable=True, answered=True, confidence=1.0, correct=float(i < 3)) for i in range(4)]
    scores = [CalibrationError().evaluate(Outcomes.of(rows)) for rows in (honest, boasting)]
    assert [score.value for score in scores if score] == [pytest.approx(0.0), pytest.approx(0.25)]


@given(st.lists(outcome, min_size=1, max_size=30))
def test_every_summary_is_bounded_and_does_not_depend_on_the_order_of_cases(rows: list[Outcome]) -> None:
    outcomes = Outcomes.of(rows)
    mixed = outcomes.take(np.random.default_rng(len(rows)).permutation(len(rows)))
    for entry in SUMMARIES.values():
        one, other = entry.summary.evaluate(outcomes), entry.summary.evaluate(mixed)
        assert (one is None) == (other is None)
        if one and other:
            assert 0 <= one.value <= 1 + 1e-9
            assert one.value == pytest.approx(other.value)


@given(st.lists(outcome, min_size=2, max_size=30))
def test_a_perfect_order_of_confidence_has_the_least_area(rows: list[Outcome]) -> None:
    known = [row for row in rows if row.correct is not None and row.confidence is not None]
    if not known:
        return
    perfect = [Outcome(r.answerable, r.answered, r.correct, r.correct) for r in known]
    area, least = (RiskCoverageArea().evaluate(Outcomes.of(which)) for which in (known, perfect))
    assert area is not None
    assert least is not None
    assert least.value <= area.value + 1e-9
