"""How two runs differ as wholes: the same bootstrap and the same test, over measures that are no means of cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from eval.comparison.difference import EQUAL, Difference, higher_is_better
from eval.comparison.pairing import Pairs
from eval.comparison.statistics import quantiles, resamples
from eval.summaries.outcomes import Outcomes
from eval.summaries.registry import SUMMARIES

RESAMPLES = 500
SWAPS = 999

Both = tuple[Outcomes, Outcomes]
Changes = Mapping[str, list[float]]


def summary_differences(names: Sequence[str], pairs: Pairs, *, seed: int) -> list[Difference]:
    """The summaries of those names that both runs have."""
    base = Outcomes.of([record.outcome for record in pairs.base])
    new = Outcomes.of([record.outcome for record in pairs.new])
    values = {name: (_value(name, base), _value(name, new)) for name in names}
    known = {name: (old, now) for name, (old, now) in values.items() if old is not None and now is not None}
    if not known:
        return []
    resampled = _changes(known, _resampled(base, new, seed))
    swapped = _changes(known, _swapped(base, new, seed))
    found = []
    for name, (old, now) in known.items():
        low, high = quantiles(np.array(resampled[name] or [now - old]))
        p = _probability(now - old, swapped[name])
        found.append(Difference(name, old, now, low, high, p, len(base), higher_is_better(name)))
    return found


def _value(name: str, outcomes: Outcomes) -> float | None:
    score = SUMMARIES[name].summary.evaluate(outcomes)
    return score.value if score else None


def _changes(names: Iterable[str], drawn: Iterable[Both]) -> Changes:
    """How each measure changes from the first to the second of every pair that has it twice."""
    changes: dict[str, list[float]] = {name: [] for name in names}
    for base, new in drawn:
        for name, found in changes.items():
            old, now = _value(name, base), _value(name, new)
            if old is not None and now is not None:
                found.append(now - old)
    return changes


def _resampled(base: Outcomes, new: Outcomes, seed: int) -> Iterable[Both]:
    return ((base.take(rows), new.take(rows)) for rows in resamples(len(base), seed=seed, times=RESAMPLES))


def _swapped(base: Outcomes, new: Outcomes, seed: int) -> Iterable[Both]:
    """Under chance, it does not matter which run the outcome of a case came from."""
    both, count = base.joined(new), len(base)
    generator = np.random.default_rng(seed)
    rows = np.arange(count)
    for _ in range(SWAPS):
        swap = generator.integers(0, 2, count) * count
        yield both.take(rows + swap), both.take((rows + count + swap) % (2 * count))


def _probability(change: float, under_chance: Sequence[float]) -> float:
    if abs(change) < EQUAL:
        return 1.0
    reached = sum(abs(one) >= abs(change) - EQUAL for one in under_chance) + SWAPS - len(under_chance)
    return (reached + 1) / (SWAPS + 1)
