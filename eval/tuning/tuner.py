"""Tries settings one after another, and keeps only what gains significantly on questions it was not chosen by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from eval.cases import Case
from eval.comparison.statistics import mean_interval, randomisation_p
from eval.summaries.outcomes import Floats, Indices
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
    progress: Callable[[str], None] = lambda _: None,
) -> Tuned:
    """Goes through `knobs` until `deadline`; each is tested on top of what was kept before it.

    For each fold of the cases, a value is chosen by the others and measured on it, so that every score under the new
    settings is that of a question the choice did not see. A knob is kept when these gain significantly (randomisation
    test, Bonferroni over the knobs), set to the value that all cases together prefer. A value that the deadline cuts
    short does not count; those of its knob that were measured do. What learns from the questions themselves is put in
    at the end: with it, those that are tried after it would be measured on questions that it has seen.
    """
    trials: list[Trial] = []
    skipped: dict[str, str] = {}
    afterwards: list[tuple[Knob, float]] = []
    try:
        base = np.array(measure(card, cases, deadline))
    except OutOfTime:
        return Tuned(card, (), dict.fromkeys((knob.name for knob in knobs), NO_TIME))
    for knob in knobs:
        scores = {knob.now(card): base}
        try:
            for value, found in knob.tried(card, cases, measure, deadline):
                progress(f"{knob.name} {value:g}")
                scores[value] = found
        except OutOfTime:
            skipped[knob.name] = _left_out(knob, scores)
        except RefdeskError as error:
            skipped[knob.name] = error.sentence
        if len(scores) < 2:
            continue
        trial, value = _judged(knob, card, scores, seed, SURE / len(knobs))
        trials.append(trial)
        if trial.kept and knob.learns:
            afterwards.append((knob, value))
        elif trial.kept:
            card, base = knob.set(card, value), scores[value]
    for knob, value in afterwards:
        card = knob.set(card, value)
    return Tuned(replace(card, trials=(*card.trials, *trials)), tuple(trials), skipped)


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
