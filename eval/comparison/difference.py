"""One measure of two runs, and whether its change is more than chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from eval.metrics.registry import METRICS
from eval.summaries.registry import SUMMARIES

SURE = 0.05
EQUAL = 1e-9

Verdict = Literal["better", "worse", "same"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure of both runs over the cases that both have it for.

    `low` and `high` bound the difference with 95 % confidence (paired bootstrap); `p` is the randomisation test's,
    `corrected` the same after Holm's correction for all measures that are compared. `wins` and `losses` name cases.
    """

    metric: str
    base: float
    new: float
    low: float
    high: float
    p: float
    cases: int
    higher_is_better: bool
    wins: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    corrected: float = 1.0

    @property
    def by_case(self) -> bool:
        """Whether single cases win and lose; a summary has none that it belongs to."""
        return self.metric not in SUMMARIES

    @property
    def change(self) -> float:
        """The new value less the old one."""
        return self.new - self.base

    @property
    def verdict(self) -> Verdict:
        """Whether the change is more than chance, and which way."""
        if self.corrected >= SURE or abs(self.change) < EQUAL:
            return "same"
        return "better" if (self.change > 0) == self.higher_is_better else "worse"


def higher_is_better(name: str) -> bool:
    """Which way a measure is better; one that is not registered counts as a metric that should rise."""
    if name in SUMMARIES:
        return SUMMARIES[name].higher_is_better
    return METRICS[name].higher_is_better if name in METRICS else True
