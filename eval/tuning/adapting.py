"""Fitting a bank's query adapter: every question is measured with one that was fitted without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from eval.cases import Case
from eval.summaries.outcomes import Floats, Indices
from eval.tuning.deadline import Deadline
from eval.tuning.knobs import Measure
from knowledge.card import BankCard
from knowledge.errors import UsageError
from knowledge.retrieval.adapter import QueryAdapter

if TYPE_CHECKING:
    from knowledge.types import Matrix

NAME = "query_adapter"
# How much a question counts that is all that is known; the last follows some hundred questions closely.
PENALTIES = (10.0, 3.0, 1.0, 0.3)
FOLDS = 5
# With fewer pairs of question and evidence nothing is learned that holds for others.
FEWEST = 50
# The vectors of a case's question, once for each evidence group that was found, and of that evidence.
Pairs = tuple["Matrix", "Matrix"]
Evidence = Callable[[BankCard, Sequence[Case], Deadline], list[Pairs]]


@dataclass(slots=True)
class Adapting:
    """The knob: 0 for no adapter, otherwise the penalty it is fitted with.

    `evidence` finds the pairs; it is asked once, under the first card that is measured.
    """

    evidence: Evidence
    seed: int = 0
    name: str = NAME
    values: tuple[float, ...] = PENALTIES
    _fitted: dict[float, str] = field(default_factory=dict)

    @property
    def measured(self) -> bool:
        """Whether any value was measured to its end."""
        return bool(self._fitted)

    def now(self, card: BankCard) -> float:
        """None: one that was fitted before has seen the questions, so tuning starts without it."""
        return 0.0

    def tried(
        self, card: BankCard, cases: Sequence[Case], measure: Measure, deadline: Deadline
    ) -> Iterator[tuple[float, Floats]]:
        """By folds, turns of one conversation together. Raises `UsageError` where there is too little to learn from."""
        deadline.check()
        pairs = self.evidence(card, cases, deadline)
        folds = _folds(cases, pairs, self.seed)
        for penalty in self.values:
            scores = np.zeros(len(cases))
            for fold in range(FOLDS):
                inside = np.flatnonzero(folds == fold)
                adapted = _with_adapter(card, pairs, np.flatnonzero(folds != fold), penalty)
                scores[inside] = measure(adapted, [cases[int(at)] for at in inside], deadline)
            self._fitted[penalty] = _with_adapter(card, pairs, np.arange(len(cases)), penalty).adapter
            yield penalty, scores

    def set(self, card: BankCard, value: float) -> BankCard:
        """The card with the adapter that all questions together give."""
        return replace(card, adapter=self._fitted.get(value, ""))

    def told(self, now: float, value: float) -> str:
        """With which penalty."""
        return f"{NAME} with penalty {value:g}" if value else f"{NAME} stays out"


def without_adapter(card: BankCard) -> BankCard:
    """The card as it searches with questions as they are asked."""
    return replace(card, adapter="")


def _with_adapter(card: BankCard, pairs: Sequence[Pairs], rows: Indices, penalty: float) -> BankCard:
    asked = np.concatenate([pairs[int(row)][0] for row in rows])
    wanted = np.concatenate([pairs[int(row)][1] for row in rows])
    return replace(card, adapter=QueryAdapter.fit(asked, wanted, penalty=penalty).packed())


def _folds(cases: Sequence[Case], pairs: Sequence[Pairs], seed: int) -> Indices:
    """The fold of each case: those that begin with the same words fall into the same, and all folds have pairs.

    Raises `UsageError` where there are too few pairs, or too few beginnings.
    """
    begins = [case.turns[0] if case.turns else case.question for case in cases]
    teaching = {begin for begin, (asked, _) in zip(begins, pairs, strict=True) if len(asked)}
    if sum(len(asked) for asked, _ in pairs) < FEWEST or len(teaching) < 2 * FOLDS:
        raise UsageError(f"{FEWEST} questions whose evidence is found would do, {2 * FOLDS} conversations or more.")
    known = list(dict.fromkeys(begins))
    shuffled = [known[at] for at in np.random.default_rng(seed).permutation(len(known))]
    # Those that teach come first: every fold gets its share of them.
    order = sorted(shuffled, key=lambda begin: begin not in teaching)
    fold_of = {begin: position % FOLDS for position, begin in enumerate(order)}
    found: Indices = np.array([fold_of[begin] for begin in begins])
    return found
