"""The measures of a whole run by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from eval.metrics.score import Score
from eval.summaries.abstention import AbstentionPrecision, AbstentionRecall, AnswerRate, Right, Separation
from eval.summaries.outcomes import Outcomes
from eval.summaries.risk import CalibrationError, LatencyQuantile, RiskCoverageArea


class Summary(Protocol):
    """Measures a run as a whole; a frozen dataclass whose fields are its parameters."""

    def evaluate(self, outcomes: Outcomes) -> Score | None:
        """The value with its reason; None where there is nothing to measure."""
        ...


@dataclass(frozen=True, slots=True)
class SummaryEntry:
    """A summary, and whether more of it is better."""

    summary: Summary
    higher_is_better: bool = True


LOWER_IS_BETTER = False
SUMMARIES: Mapping[str, SummaryEntry] = {
    "right": SummaryEntry(Right()),
    "answer-rate": SummaryEntry(AnswerRate()),
    "abstention-precision": SummaryEntry(AbstentionPrecision()),
    "abstention-recall": SummaryEntry(AbstentionRecall()),
    "abstention-auroc": SummaryEntry(Separation()),
    "risk-coverage-area": SummaryEntry(RiskCoverageArea(), LOWER_IS_BETTER),
    "calibration-error": SummaryEntry(CalibrationError(), LOWER_IS_BETTER),
    "latency-p50": SummaryEntry(LatencyQuantile(0.5), LOWER_IS_BETTER),
    "latency-p95": SummaryEntry(LatencyQuantile(0.95), LOWER_IS_BETTER),
}
