"""Saying that the documents do not answer: how often rightly, and how well confidence tells when to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eval.metrics.score import Score
from eval.summaries.outcomes import Bools, Floats, Outcomes


@dataclass(frozen=True, slots=True)
class AbstentionPrecision:
    """Of the cases that the system abstained from, the share that the documents do not answer."""

    def evaluate(self, outcomes: Outcomes) -> Score | None:
        """None where it abstained from none."""
        withheld = outcomes.withheld
        if not withheld.any():
            return None
        return Score(float((~outcomes.answerable)[withheld].mean()), f"{withheld.sum()} withheld")


@dataclass(frozen=True, slots=True)
class AbstentionRecall:
    """Of the cases that the documents do not answer, the share that the system abstained from."""

    def evaluate(self, outcomes: Outcomes) -> Score | None:
        """None where every case is answerable."""
        hopeless = ~outcomes.answerable
        if not hopeless.any():
            return None
        return Score(float(outcomes.withheld[hopeless].mean()), f"{hopeless.sum()} unanswerable")


@dataclass(frozen=True, slots=True)
class AnswerRate:
    """The share of answerable cases that were answered."""

    def evaluate(self, outcomes: Outcomes) -> Score | None:
        """None where no case is answerable."""
        if not outcomes.answerable.any():
            return None
        return Score(float(outcomes.answered[outcomes.answerable].mean()))


@dataclass(frozen=True, slots=True)
class Right:
    """The share of cases dealt with rightly: answered correctly, or rightly not answered."""

    def evaluate(self, outcomes: Outcomes) -> Score | None:
        """None where nothing tells what would be right."""
        known = ~np.isnan(outcomes.correct) | ~outcomes.answerable
        if not known.any():
            return None
        answered = np.where(outcomes.answered, np.nan_to_num(outcomes.correct), 0.0)
        right = np.where(outcomes.answerable, answered, outcomes.withheld)
        return Score(float(right[known].mean()))


@dataclass(frozen=True, slots=True)
class Separation:
    """AUROC: how probable it is that an answerable case is surer than an unanswerable one; ties count half."""

    def evaluate(self, outcomes: Outcomes) -> Score | None:
        """None where all cases are of one kind, or no confidence is told."""
        known = ~np.isnan(outcomes.confidence)
        truth = outcomes.answerable[known]
        if not known.any() or truth.all() or not truth.any():
            return None
        return Score(auroc(truth, outcomes.confidence[known]))


def auroc(truth: Bools, scores: Floats) -> float:
    """The area under the receiver's curve, by ranks; there must be both kinds."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positive = int(truth.sum())
    above = ranks[truth].sum() - positive * (positive + 1) / 2
    return float(above / (positive * (len(truth) - positive)))
