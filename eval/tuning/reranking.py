"""Trying rerankers: a bank gets one only where it helps questions that did not choose it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eval.cases import Case
from eval.summaries.outcomes import Floats
from eval.tuning.deadline import Deadline
from eval.tuning.knobs import Measure
from knowledge.card import BankCard, RerankerSpec

NAME = "reranker"


@dataclass(slots=True)
class Reranking:
    """The knob: 0 for none, otherwise the place of one of `specs`, from 1."""

    specs: Sequence[RerankerSpec]
    name: str = NAME
    measured: bool = False

    @property
    def values(self) -> tuple[float, ...]:
        """Each of the rerankers."""
        return tuple(float(place) for place in range(1, len(self.specs) + 1))

    def now(self, card: BankCard) -> float:
        """None: what the card had has to earn its time like any other, so tuning starts without it."""
        return 0.0

    def tried(
        self, card: BankCard, cases: Sequence[Case], measure: Measure, deadline: Deadline
    ) -> Iterator[tuple[float, Floats]]:
        """One after another."""
        for value in self.values:
            deadline.check()
            scores = np.array(measure(self.set(card, value), cases, deadline))
            self.measured = True
            yield value, scores

    def set(self, card: BankCard, value: float) -> BankCard:
        """The card with one of them, or without any."""
        return replace(card, reranker=self.specs[int(value) - 1] if value else None)

    def told(self, now: float, value: float) -> str:
        """Which one, or all that were no better than none."""
        if value:
            return f"{NAME} {self.specs[int(value) - 1].model}"
        return f"{NAME} {', '.join(spec.model for spec in self.specs)} stays out"


def to_try(card: BankCard, named: RerankerSpec | None) -> Reranking | None:
    """The one that the card has and the one that is named; None where there is neither."""
    specs = dict.fromkeys(spec for spec in (card.reranker, named) if spec is not None)
    return Reranking(tuple(specs)) if specs else None
