"""The plots of a report: risk against coverage, recall against depth, and latency."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eval.report.plots import Axis, Line, nice_ticks, plot
from eval.runs.result import RunResult
from eval.summaries.risk import risk_curve

DEPTHS = (1, 3, 5, 10)
QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)


def plots(runs: Sequence[RunResult]) -> str:
    """Every plot that at least one of the runs has data for."""
    made = (_risk(runs), _recall(runs), _latency(runs))
    return f'<div class="plots">{"".join(made)}</div>' if any(made) else ""


def percent(value: float) -> str:
    """A share as people read it."""
    return f"{100 * value:.0f} %"


def _risk(runs: Sequence[RunResult]) -> str:
    curves = [risk_curve(run.outcomes) for run in runs]
    if not any(curves):
        return ""
    lines = [Line(list(zip(c.coverage.tolist(), c.risk.tolist(), strict=True)) if c else ()) for c in curves]
    across, down = (Axis(label, 0, 1, QUARTERS, percent) for label in ("questions answered", "answers that are wrong"))
    return plot("Risk and coverage: wrong answers, when the surest are given first", across, down, lines)


def _recall(runs: Sequence[RunResult]) -> str:
    found = [
        [(float(k), run.figures[f"recall@{k}"].value) for k in DEPTHS if f"recall@{k}" in run.figures] for run in runs
    ]
    if not any(found):
        return ""
    lines = [Line(points, dots=True) for points in found]
    across = Axis("documents looked at (k)", 0, 10, tuple(float(k) for k in DEPTHS))
    return plot("Recall at k: evidence found", across, Axis("recall", 0, 1, QUARTERS, percent), lines)


def _latency(runs: Sequence[RunResult]) -> str:
    """The share of cases that were dealt with within so many seconds; the slowest hundredth is cut off."""
    timed = [np.sort(run.outcomes.seconds[~np.isnan(run.outcomes.seconds)]) for run in runs]
    if not any(len(seconds) and seconds[-1] > 0 for seconds in timed):
        return ""
    high = max(float(np.quantile(seconds, 0.99)) for seconds in timed if len(seconds))
    ticks = nice_ticks(1000 * high or 1.0)
    lines = [
        Line([(1000 * second, (rank + 1) / len(seconds)) for rank, second in enumerate(seconds.tolist())])
        for seconds in timed
    ]
    across = Axis("milliseconds", 0, ticks[-1], ticks, lambda value: f"{value:,.0f}")
    return plot("Latency: cases dealt with in time", across, Axis("cases", 0, 1, QUARTERS, percent), lines)
