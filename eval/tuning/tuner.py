"""Tries settings one after another, and keeps only what gains significantly on questions it was not chosen by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from eval.cases import Case
from eval.comparison.statistics import mean_interval, randomisation_p
from eval.summaries.outcomes import Floats, Indices
from eval.tuning.adapting import Adapting, without_adapter
from eval.tuning.deadline import Deadline, OutOfTime
from eval.tuning.knobs import CHUNKING, WEIGHTS, Knob, Measure
from knowledge.card import BankCard, Trial
from knowledge.errors import RefdeskError

FOLDS = 5
SURE = 0.05
NO_TIME = "no time was left"
# Cheap ones first: what takes the longest is what a time limit cuts off.
KNOBS: tuple[Knob, ...] = (*WEIGHTS, CHUNKING)


@dataclass(frozen=True, slots=True)
class Tuned:
    """The card with what was kept, every trial, and why one was not made."""

    card: BankCard
    trials: tuple[Trial, ...]
    skipped: Mapping[str, str]


def tune(
    card: BankCard,
    cases: Sequence[Case],
    measure: Measure,
    *,
    deadline: Deadline,
    seed: int = 0,
    knobs: Sequence[Knob] = KNOBS,
    learning: Adapting | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Tuned:
    """Goes through `knobs` until `deadline`; each is tested on top of what was kept before it.

    For each fold of the cases, a value is chosen by the others and measured on it, so that every score under the new
    settings is that of a question the choice did not see. A knob is kept when these gain significantly (randomisation
    test, Bonferroni over the knobs), set to the value that all cases together prefer. A value that the deadline cuts
    short does not count; those of its knob that were measured do.

    What `learning` keeps is put in at the end: with it, what is tried after it would be measured on questions that it
    has seen. So may have the adapter that the card has: it makes room, and comes back where no other was measured.
    """
    trials: list[Trial] = []
    skipped: dict[str, str] = {}
    order = _in_order(knobs, learning)
    before, learnt = card, 0.0
    if learning is not None:
        card = without_adapter(card)
    try:
        base = np.array(measure(card, cases, deadline))
    except OutOfTime:
        return Tuned(before, (), dict.fromkeys((knob.name for knob in order), NO_TIME))
    for knob in order:
        scores = {knob.now(card): base}
        if reason := _tried(knob, card, scores, cases, measure, deadline, progress):
            skipped[knob.name] = reason
        if len(scores) < 2:
            continue
        trial, value = _judged(knob, card, scores, seed, SURE / len(order))
        trials.append(trial)
        if trial.kept and knob is learning:
            learnt = value
        elif trial.kept:
            card, base = knob.set(card, value), scores[value]
    if learning is not None:
        card = learning.set(card, learnt) if learning.measured else replace(card, adapter=before.adapter)
    return Tuned(replace(card, trials=(*card.trials, *trials)), tuple(trials), skipped)


def _tried(
    knob: Knob,
    card: BankCard,
    scores: dict[float, Floats],
    cases: Sequence[Case],
    measure: Measure,
    deadline: Deadline,
    progress: Callable[[str], None],
) -> str:
    """Adds to `scores` those of each value, as far as time goes; what kept it from any, if something did."""
    try:
        for value, found in knob.tried(card, cases, measure, deadline):
            progress(f"{knob.name} {value:g}")
            scores[value] = found
    except OutOfTime:
        return _left_out(knob, scores)
    except RefdeskError as error:
        return error.sentence
    return ""


def _in_order(knobs: Sequence[Knob], learning: Adapting | None) -> Sequence[Knob]:
    """With `learning` before new chunks are cut, which takes the longest."""
    if learning is None:
        return knobs
    return [*(knob for knob in knobs if knob is not CHUNKING), learning, *(knob for knob in knobs if knob is CHUNKING)]


def _left_out(knob: Knob, scores: Mapping[float, Floats]) -> str:
    """Which values the deadline cut off."""
    missing = ", ".join(f"{value:g}" for value in knob.values if value not in scores)
    return f"{NO_TIME} for {missing}" if len(scores) > 1 else NO_TIME


def _judged(knob: Knob, card: BankCard, scores: Mapping[float, Floats], seed: int, sure: float) -> tuple[Trial, float]:
    now = knob.now(card)
    base = scores[now]
    order = np.random.default_rng(seed).permutation(len(base))
    unseen = base.copy()
    for fold in range(FOLDS):
        kept_back = order[fold::FOLDS]
        chosen = _best(scores, np.setdiff1d(order, kept_back), now)
        unseen[kept_back] = scores[chosen][kept_back]
    value = _best(scores, order, now)
    gains = unseen - base
    low, high = mean_interval(gains, seed=seed)
    p = randomisation_p(gains, seed=seed)
    kept = value != now and float(gains.mean()) > 0 and p < sure
    created = datetime.now(UTC).isoformat(timespec="seconds")
    setting = knob.told(now, value)
    return Trial(setting, float(base.mean()), float(unseen.mean()), low, high, p, len(base), kept, created), value


def _best(scores: Mapping[float, Floats], rows: Indices, now: float) -> float:
    """The value with the best mean over `rows`; among equals the present one."""
    return max(scores, key=lambda value: (float(scores[value][rows].mean()), value == now))
