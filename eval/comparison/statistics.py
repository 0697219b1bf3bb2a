"""How sure a figure, or a difference between two, is: bootstrap and randomisation, as columns.

The bootstrap is the percentile one (Efron and Tibshirani 1993, chapter 13); the test of paired differences is Fisher's
randomisation test, as recommended for retrieval by Smucker, Allan and Carterette 2007; Holm 1979 corrects for asking
of many metrics at once.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from eval.summaries.outcomes import Floats, Indices

RESAMPLES = 2_000
PERMUTATIONS = 10_000
AT_ONCE = 4_000_000
SURE = 0.95


def resamples(count: int, *, seed: int, times: int = RESAMPLES) -> Indices:
    """Row numbers drawn with replacement, of shape (times, count)."""
    return np.random.default_rng(seed).integers(0, count, (times, count))


def mean_interval(values: Floats, *, seed: int) -> tuple[float, float]:
    """The bootstrap's 95 % confidence interval of the mean of `values`, which must not be empty."""
    return quantiles(_resampled_means(values, seed))


def quantiles(values: Floats) -> tuple[float, float]:
    """The bounds of the middle 95 %."""
    low, high = np.quantile(values, [(1 - SURE) / 2, (1 + SURE) / 2])
    return float(low), float(high)


def randomisation_p(differences: Floats, *, seed: int) -> float:
    """Two-sided probability of a mean difference at least as large, if signs were chance; never 0."""
    observed = abs(differences.mean())
    if not differences.any():
        return 1.0
    moving = differences[differences != 0]
    generator = np.random.default_rng(seed)
    reached, done = 0, 0
    part = max(1, min(PERMUTATIONS, AT_ONCE // len(moving)))
    while done < PERMUTATIONS:
        size = min(part, PERMUTATIONS - done)
        signs = generator.integers(0, 2, (size, len(moving)), dtype=np.int8) * 2 - 1
        means = np.abs(signs @ moving) / len(differences)
        reached += int((means >= observed - 1e-12).sum())
        done += size
    return (reached + 1) / (PERMUTATIONS + 1)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """The same probabilities, corrected for how many there are (Holm's step-down method)."""
    corrected: dict[str, float] = {}
    largest = 0.0
    for rank, (name, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        largest = max(largest, min(1.0, p * (len(p_values) - rank)))
        corrected[name] = largest
    return corrected


def _resampled_means(values: Floats, seed: int) -> Floats:
    part = max(1, AT_ONCE // len(values))
    generator = np.random.default_rng(seed)
    means = [
        values[generator.integers(0, len(values), (min(part, RESAMPLES - done), len(values)))].mean(axis=1)
        for done in range(0, RESAMPLES, part)
    ]
    return np.concatenate(means)
