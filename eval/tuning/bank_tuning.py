"""Tunes and calibrates one bank, and writes what was found into its card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from eval.cases import Case
from eval.tuning.adapting import NAME, Adapting, without_adapter
from eval.tuning.calibration import FEWEST, attempts, calibrate
from eval.tuning.deadline import Deadline
from eval.tuning.knobs import CHUNKING, Knob
from eval.tuning.reranking import to_try
from eval.tuning.scratch import Scratch, scratch
from eval.tuning.tuner import KNOBS, NO_TIME, Tuned, tune
from knowledge.card import BankCard, Calibration, RerankerSpec, Trial
from knowledge.errors import UsageError

if TYPE_CHECKING:
    from knowledge.bank import KnowledgeBank
    from knowledge.library import Library

# The share of the time that settings may take; asking every question for its confidence gets the rest.
TRYING = 0.7


@dataclass(frozen=True, slots=True)
class TuningReport:
    """What was tried and kept, what could not be tried, and what confidence is worth now, where that is known."""

    trials: tuple[Trial, ...]
    notes: tuple[str, ...]
    calibration: Calibration | None
    chunking_changed: bool


@dataclass(frozen=True, slots=True)
class _Trying:
    """On what settings are tried, by which cases and until when."""

    copy: Scratch
    cases: Sequence[Case]
    deadline: Deadline
    seed: int
    progress: Callable[[str], None]

    def tuned(
        self, card: BankCard, knobs: Sequence[Knob], learning: Adapting | None, named: RerankerSpec | None
    ) -> Tuned:
        """Rerankers behind the weights; that of the card comes back where none was measured."""
        reranking = to_try(card, named)
        if reranking is not None:
            others = [knob for knob in knobs if knob is not CHUNKING]
            knobs = [*others, reranking, *(knob for knob in knobs if knob is CHUNKING)]
        found = tune(
            replace(card, reranker=None),
            self.cases,
            self.copy.measure,
            deadline=self.deadline,
            seed=self.seed,
            knobs=knobs,
            learning=learning,
            progress=self.progress,
        )
        if reranking is None or reranking.measured:
            return found
        return replace(found, card=replace(found.card, reranker=card.reranker))


def tune_bank(
    library: Library,
    bank: KnowledgeBank,
    cases: Sequence[Case],
    *,
    seconds: float,
    tolerated: float,
    seed: int = 0,
    knobs: Sequence[Knob] = KNOBS,
    asked_by_people: bool = True,
    reranker: RerankerSpec | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> TuningReport:
    """Tries settings on a copy, then calibrates, all in about `seconds`; only the card of `bank` is written.

    Without `knobs` it is only calibrated. Only from questions that people asked a query adapter is fitted: what is made
    from documents uses their words. `reranker` is tried too, and so is the one that the card has. Raises `UsageError`
    where no case has evidence, `BankBusy` while the bank is written to.
    """
    every = [case for case in cases if case.bank in (None, bank.name)]
    asked = [case for case in every if case.answerable and case.gold]
    if not asked:
        raise UsageError(f"None of the cases has evidence in {bank.name!r}.", hint="Make some: refdesk eval make.")
    deadline, card = Deadline.after(seconds), bank.card()
    tuned, asking = Tuned(card, (), {}), shuffled(every, seed)
    with scratch(bank, library) if knobs or card.adapter else nullcontext() as copy:
        if copy is not None and knobs:
            learning = Adapting(copy.evidence, seed) if asked_by_people else None
            trying = _Trying(copy, asked, deadline.part(TRYING), seed, progress)
            tuned = trying.tuned(card, knobs, learning, reranker)
            _write(bank, tuned.card)
        progress("confidence")
        # The adapter may have seen these questions, and finds more for them than for others.
        unadapted = bank if copy is None else copy.under(without_adapter(tuned.card))
        found = attempts(unadapted, asking, deadline)
    notes = [f"{name}: {reason.rstrip('.')}." for name, reason in tuned.skipped.items()]
    if knobs and not asked_by_people:
        notes.append(f"{NAME}: only questions that people asked teach it: give --cases.")
    calibration = calibrate(found, tolerated=tolerated, seed=seed) if len(found) >= FEWEST else None
    if calibration is None and deadline.is_over and len(every) > len(found):
        notes.append(f"Confidence was not calibrated: {NO_TIME} for {FEWEST} questions.")
    elif calibration is None:
        notes.append(f"Confidence was not calibrated: {len(found)} questions are too few, {FEWEST} would do.")
    elif calibration.answered:
        _write(bank, replace(tuned.card, calibration=calibration))
    else:
        # A bank that never answers promises nothing either.
        notes.append(f"{bank.name} answers as before.")
    return TuningReport(tuned.trials, tuple(notes), calibration, tuned.card.chunking != card.chunking)


def shuffled(cases: Sequence[Case], seed: int) -> list[Case]:
    """The cases in an order of chance, so that what a deadline leaves of them is like all of them."""
    return [cases[at] for at in np.random.default_rng(seed).permutation(len(cases))]


def _write(bank: KnowledgeBank, card: BankCard) -> None:
    with bank.writer() as writer:
        writer.put_card(card)
    bank.close()
