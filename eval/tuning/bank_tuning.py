"""Tunes and calibrates one bank, and writes what was found into its card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from eval.cases import Case
from eval.tuning.adapting import NAME, Adapting, without_adapter
from eval.tuning.calibration import FEWEST, Attempt, attempts, calibrate
from eval.tuning.deadline import Deadline
from eval.tuning.knobs import CHUNKING, Knob, Measure
from eval.tuning.scratch import scratch
from eval.tuning.tuner import KNOBS, NO_TIME, Tuned, tune
from knowledge.card import BankCard, Calibration, Trial
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
    progress: Callable[[str], None] = lambda _: None,
) -> TuningReport:
    """Tries settings on a copy, then calibrates, all in about `seconds`; only the card of `bank` is written.

    Without `knobs` it is only calibrated. Only from questions that people asked a query adapter is fitted: what is made
    from documents uses their words. Raises `UsageError` where no case has evidence, `BankBusy` while the bank is
    written to.
    """
    every = [case for case in cases if case.bank in (None, bank.name)]
    asked = [case for case in every if case.answerable and case.gold]
    if not asked:
        raise UsageError(f"None of the cases has evidence in {bank.name!r}.", hint="Make some: refdesk eval make.")
    deadline, card = Deadline.after(seconds), bank.card()
    tuned = Tuned(card, (), {})
    if knobs:
        with scratch(bank, library.embedder) as copy:
            trying = deadline.part(TRYING)
            learning = Adapting(copy.evidence, seed) if asked_by_people else None
            tuned = tune_with(
                learning, card, asked, copy.measure, deadline=trying, seed=seed, knobs=knobs, progress=progress
            )
        _write(bank, tuned.card)
    progress("confidence")
    found = _attempted(library, bank, tuned.card, shuffled(every, seed), deadline)
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


def tune_with(
    learning: Adapting | None,
    card: BankCard,
    cases: Sequence[Case],
    measure: Measure,
    *,
    deadline: Deadline,
    seed: int = 0,
    knobs: Sequence[Knob] = KNOBS,
    progress: Callable[[str], None] = lambda _: None,
) -> Tuned:
    """As `tune`, with `learning` before new chunks are cut, which takes the longest.

    The adapter that the card has may have seen these questions: it makes room, and stays where none was tried.
    """
    if learning is None:
        return tune(card, cases, measure, deadline=deadline, seed=seed, knobs=knobs, progress=progress)
    order = [*(knob for knob in knobs if knob is not CHUNKING), learning, *(knob for knob in knobs if knob is CHUNKING)]
    bare = without_adapter(card)
    tuned = tune(bare, cases, measure, deadline=deadline, seed=seed, knobs=order, progress=progress)
    if learning.measured:
        return tuned
    return replace(tuned, card=replace(tuned.card, adapter=card.adapter))


def _attempted(
    library: Library, bank: KnowledgeBank, card: BankCard, cases: Sequence[Case], deadline: Deadline
) -> list[Attempt]:
    """What the bank answers, without its adapter: that may have seen these questions, and finds more for them."""
    if not card.adapter:
        return attempts(bank, cases, deadline)
    with scratch(bank, library.embedder) as copy:
        return attempts(copy.under(without_adapter(card)), cases, deadline)


def shuffled(cases: Sequence[Case], seed: int) -> list[Case]:
    """The cases in an order of chance, so that what a deadline leaves of them is like all of them."""
    return [cases[at] for at in np.random.default_rng(seed).permutation(len(cases))]


def _write(bank: KnowledgeBank, card: BankCard) -> None:
    with bank.writer() as writer:
        writer.put_card(card)
    bank.close()
