"""The figures of a run: every metric's mean and every summary, with confidence intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from eval.comparison.statistics import mean_interval, quantiles, resamples
from eval.runs.record import CaseRecord
from eval.runs.result import Figure
from eval.summaries.outcomes import Floats, Outcomes
from eval.summaries.registry import SUMMARIES, Summary

SUMMARY_RESAMPLES = 500


def figures(records: Sequence[CaseRecord], *, seed: int) -> dict[str, Figure]:
    """By name, metrics in the order of the records first. What no case has a score for is left out.

    Where nothing was to be answered, as when retrieval alone is measured, nothing is said about answers.
    """
    names = dict.fromkeys(name for record in records for name in record.scores)
    found = {name: _mean(column(records, name), seed) for name in names}
    answered = any(record.answer or record.abstained or record.error for record in records)
    summaries = {name: one.summary for name, one in SUMMARIES.items() if answered or name.startswith("latency")}
    return found | _summaries(Outcomes.of([record.outcome for record in records]), summaries, seed)


def column(records: Sequence[CaseRecord], name: str) -> Floats:
    """The scores of one metric, NaN where a case has none."""
    return np.array([record.scores.get(name, np.nan) for record in records], np.float64)


def _mean(values: Floats, seed: int) -> Figure:
    known = values[~np.isnan(values)]
    low, high = mean_interval(known, seed=seed)
    return Figure(float(known.mean()), low, high, len(known))


def _summaries(outcomes: Outcomes, summaries: Mapping[str, Summary], seed: int) -> dict[str, Figure]:
    """Each summary with its interval; a resample is drawn once for all of them."""
    if not len(outcomes):
        return {}
    scores = {name: summary.evaluate(outcomes) for name, summary in summaries.items()}
    values = {name: [score.value] for name, score in scores.items() if score is not None}
    for rows in resamples(len(outcomes), seed=seed, times=SUMMARY_RESAMPLES):
        drawn = outcomes.take(rows)
        for name, found in values.items():
            if (score := summaries[name].evaluate(drawn)) is not None:
                found.append(score.value)
    return {name: Figure(found[0], *quantiles(np.array(found)), len(outcomes)) for name, found in values.items()}
