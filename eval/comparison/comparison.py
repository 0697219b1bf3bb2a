"""Two runs over the same cases: every difference with its interval and its probability under chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from eval.comparison.difference import EQUAL, Difference, higher_is_better
from eval.comparison.figures import column
from eval.comparison.pairing import Pairs, pair
from eval.comparison.statistics import holm, mean_interval, randomisation_p
from eval.comparison.summary_differences import summary_differences
from eval.metrics.registry import METRICS
from eval.runs.result import RunResult
from eval.summaries.registry import SUMMARIES
from knowledge.errors import UsageError


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both runs, the cases they share, and their differences in the order of the registry."""

    base: RunResult
    new: RunResult
    pairs: Pairs
    differences: tuple[Difference, ...]


def compare(base: RunResult, new: RunResult, *, metrics: Sequence[str] = (), seed: int = 0) -> Comparison:
    """Compares the runs, by `metrics` alone where they are given; raises `UsageError` where nothing can be compared."""
    judged = (name for run in (base, new) for name in run.figures)
    known = tuple(dict.fromkeys((*METRICS, *SUMMARIES, *judged)))
    if unknown := [name for name in metrics if name not in known]:
        raise UsageError(f"{unknown[0]!r} is no metric:", hint=f"name some of {', '.join(known)}.")
    pairs = pair(base, new)
    chosen = metrics or _names(base, new)
    measured = (_difference(name, pairs, seed) for name in chosen if name not in SUMMARIES)
    found = [difference for difference in measured if difference is not None]
    found += summary_differences([name for name in chosen if name in SUMMARIES], pairs, seed=seed)
    corrected = holm({difference.metric: difference.p for difference in found})
    return Comparison(
        base, new, pairs, tuple(replace(difference, corrected=corrected[difference.metric]) for difference in found)
    )


def _names(base: RunResult, new: RunResult) -> list[str]:
    return [name for name in base.figures if name in new.figures]


def _difference(name: str, pairs: Pairs, seed: int) -> Difference | None:
    base, new = column(pairs.base, name), column(pairs.new, name)
    known = ~(np.isnan(base) | np.isnan(new))
    if not known.any():
        return None
    changes = (new - base)[known]
    low, high = mean_interval(changes, seed=seed)
    better = changes if higher_is_better(name) else -changes
    names = [record.id for record, counts in zip(pairs.base, known, strict=True) if counts]
    return Difference(
        name,
        float(base[known].mean()),
        float(new[known].mean()),
        low,
        high,
        randomisation_p(changes, seed=seed),
        len(changes),
        higher_is_better(name),
        wins=tuple(one for one, change in zip(names, better, strict=True) if change > EQUAL),
        losses=tuple(one for one, change in zip(names, better, strict=True) if change < -EQUAL),
    )
