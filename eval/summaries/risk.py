"""How often answers are wrong, depending on how many questions are answered, and whether confidence is honest.

Risk and coverage as in El-Yaniv and Wiener 2010 ("On the Foundations of Noise-free Selective Classification",
section 2); expected calibration error as in Guo et al. 2017 ("On Calibration of Modern Neural Networks", section 2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eval.metrics.score import Score
from eval.summaries.outcomes import Floats, Outcomes

BINS = 10


@dataclass(frozen=True, slots=True)
class RiskCurve:
    """At each coverage, the share of questions answered, the share of those answers that are wrong.

    `threshold` is the confidence from which questions are answered to get there.
    """

    coverage: Floats
    risk: Floats
    threshold: Floats

    @property
    def area(self) -> float:
        """The mean risk over all coverages."""
        return float(self.risk.mean())

    def most_coverage(self, tolerated: float) -> tuple[float, float]:
        """The largest coverage whose risk is at most `tolerated`, and its threshold; (0, above all) if none is."""
        allowed = np.flatnonzero(self.risk <= tolerated)
        if not len(allowed):
            return 0.0, float(np.nextafter(self.threshold[0], np.inf))
        # Only where confidence falls can a threshold be drawn.
        ends = np.flatnonzero(np.diff(self.threshold, append=-np.inf) < 0)
        drawable = np.intersect1d(allowed, ends)
        if not len(drawable):
            return 0.0, float(np.nextafter(self.threshold[0], np.inf))
        last = int(drawable[-1])
        return float(self.coverage[last]), float(self.threshold[last])


def risk_curve(outcomes: Outcomes) -> RiskCurve | None:
    """The curve over all cases whose confidence and correctness are known; None where there are none.

    Cases of equal confidence share their errors evenly, so that their order does not matter.
    """
    confidence, correct = outcomes.judged()
    if not len(confidence):
        return None
    order = np.argsort(-confidence, kind="stable")
    sure = confidence[order]
    _, inverse, counts = np.unique(-sure, return_inverse=True, return_counts=True)
    wrong = (np.bincount(inverse, weights=1 - correct[order]) / counts)[inverse]
    answered = np.arange(1, len(sure) + 1)
    return RiskCurve(answered / len(sure), np.cumsum(wrong) / answered, sure)


@dataclass(frozen=True, slots=True)
class RiskCoverageArea:
    """The area under the risk-coverage curve; a perfect order of confidence makes it least."""

    def evaluate(self, outcomes: Outcomes) -> Score | None:
        """None where no confidence is told."""
        curve = risk_curve(outcomes)
        return Score(curve.area, f"risk {curve.risk[-1]:.3f} when all is answered") if curve else None


@dataclass(frozen=True, slots=True)
class CalibrationError:
    """The mean distance between confidence and the share that is correct, over ten bins of equal width."""

    def evaluate(self, outcomes: Outcomes) -> Score | None:
        """None where no confidence is told."""
        confidence, correct = outcomes.judged()
        if not len(confidence):
            return None
        bins = np.clip((confidence * BINS).astype(int), 0, BINS - 1)
        gaps = np.bincount(bins, weights=confidence - correct, minlength=BINS)
        return Score(float(np.abs(gaps).sum() / len(confidence)))


@dataclass(frozen=True, slots=True)
class LatencyQuantile:
    """Seconds within which the share `quantile` of cases was dealt with."""

    quantile: float

    def evaluate(self, outcomes: Outcomes) -> Score | None:
        """None where nothing was timed."""
        timed = outcomes.seconds[~np.isnan(outcomes.seconds)]
        return Score(float(np.quantile(timed, self.quantile))) if len(timed) else None
