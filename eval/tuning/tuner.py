"""Tries settings one after another, and keeps only what gains significantly on questions it was not chosen by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from eval.cases import Case
from eval.comparison.statistics import mean_interval, randomisation_p
from eval.summaries.outcomes import Floats, Indices
from eval.tuning.deadline import Deadline, OutOfTime
from knowledge.card import BankCard, Trial
from knowledge.errors import RefdeskError

FOLDS = 5
SURE = 0.05
NO_TIME = "no time was left"
# Each case's score under a card; raises `OutOfTime` between two of its steps.
Measure = Callable[[BankCard, Sequence[Case], Deadline], list[float]]


@dataclass(frozen=True, slots=True)
class Knob:
    """A setting of the card with the values to try."""

    name: str
    values: tuple[float, ...]
    set: Callable[[BankCard, float], BankCard]
    get: Callable[[BankCard], float]


DENSE = Knob(
    "dense_weight",
    (0.3, 0.4, 0.5, 0.6, 0.7),
    lambda card, value: replace(card, search=replace(card.search, dense_weight=value)),
    lambda card: card.search.dense_weight,
)
DOCUMENTS = Knob(
    "document_weight",
    (0.0, 0.15, 0.3, 0.45, 0.6),
    lambda card, value: replace(card, search=replace(card.search, document_weight=value)),
    lambda card: card.search.document_weight,
)
WHOLES = Knob(
    "whole_weight",
    (0.0, 0.2, 0.4, 0.6, 0.8),
    lambda card, value: replace(card, search=replace(card.search, whole_weight=value)),
    lambda card: card.search.whole_weight,
)
LINKS = Knob(
    "link_weight",
    (0.0, 0.15, 0.3, 0.45),
    lambda card, value: replace(card, search=replace(card.search, link_weight=value)),
    lambda card: card.search.link_weight,
)
CHUNKING = Knob(
    "chunking.tokens",
    (128.0, 192.0, 384.0),
    lambda card, value: replace(card, chunking=replace(card.chunking, tokens=int(value))),
    lambda card: float(card.chunking.tokens),
)
# Cheap ones first: what takes the longest is what a time limit cuts off.
KNOBS = (DENSE, DOCUMENTS, WHOLES, LINKS, CHUNKING)


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
    short does not count; those of its knob that were measured do.
    """
    trials: list[Trial] = []
    skipped: dict[str, str] = {}
    try:
        base = np.array(measure(card, cases, deadline))
    except OutOfTime:
        return Tuned(card, (), dict.fromkeys((knob.name for knob in knobs), NO_TIME))
    for knob in knobs:
        scores = {knob.get(card): base}
        try:
            for value, found in _tried(knob, card, cases, measure, deadline):
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
        if trial.kept:
            card, base = knob.set(card, value), scores[value]
    return Tuned(replace(card, trials=(*card.trials, *trials)), tuple(trials), skipped)


def _tried(
    knob: Knob, card: BankCard, cases: Sequence[Case], measure: Measure, deadline: Deadline
) -> Iterator[tuple[float, Floats]]:
    for value in knob.values:
        if value != knob.get(card):
            deadline.check()
            yield value, np.array(measure(knob.set(card, value), cases, deadline))


def _left_out(knob: Knob, scores: Mapping[float, Floats]) -> str:
    """Which values the deadline cut off."""
    missing = ", ".join(f"{value:g}" for value in knob.values if value not in scores)
    return f"{NO_TIME} for {missing}" if len(scores) > 1 else NO_TIME


def _judged(knob: Knob, card: BankCard, scores: Mapping[float, Floats], seed: int, sure: float) -> tuple[Trial, float]:
    now = knob.get(card)
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
    setting = f"{knob.name} {now:g}" + (f" to {value:g}" if value != now else " stays")
    return Trial(setting, float(base.mean()), float(unseen.mean()), low, high, p, len(base), kept, created), value


def _best(scores: Mapping[float, Floats], rows: Indices, now: float) -> float:
    """The value with the best mean over `rows`; among equals the present one."""
    return max(scores, key=lambda value: (float(scores[value][rows].mean()), value == now))
