"""Intervals and tests: right as often as they promise, and blind to the order of cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.comparison.statistics import holm, mean_interval, randomisation_p, resamples


def test_an_interval_holds_the_mean_and_shrinks_with_more_cases() -> None:
    few, many = (np.random.default_rng(1).random(count) for count in (30, 3000))
    intervals = [mean_interval(values, seed=0) for values in (few, many)]
    assert all(low <= values.mean() <= high for values, (low, high) in zip((few, many), intervals, strict=True))
    assert intervals[1][1] - intervals[1][0] < 0.2 * (intervals[0][1] - intervals[0][0])


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(7)
    covered = [low <= 0.7 <= high for _ in range(60)
               for low, high in [mean_interval((generator.random(120) < 0.7).astype(float), seed=1)]]  # fmt: skip
    assert sum(covered) >= 52


def test_chance_is_told_from_a_real_difference() -> None:
    generator = np.random.default_rng(3)
    noise, real = generator.normal(0, 1, 200), generator.normal(0.4, 1, 200)
    assert randomisation_p(noise - noise.mean(), seed=0) > 0.5
    assert randomisation_p(real, seed=0) < 0.001


def test_few_equal_differences_give_the_exact_probability() -> None:
    assert randomisation_p(np.ones(5), seed=0) == pytest.approx(2 / 2**5, abs=0.01)
    assert randomisation_p(np.zeros(5), seed=0) == 1.0


def test_the_same_seed_gives_the_same_figures() -> None:
    values = np.random.default_rng(2).random(50)
    assert mean_interval(values, seed=4) == mean_interval(values, seed=4)
    assert (resamples(9, seed=1) == resamples(9, seed=1)).all()


def test_holm_multiplies_the_smallest_by_their_number_and_keeps_the_order() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "c": 0.06, "b": 0.06})


@given(st.dictionaries(st.text(min_size=1), st.floats(0, 1), max_size=8))
def test_a_correction_never_makes_anything_more_significant(found: dict[str, float]) -> None:
    corrected = holm(found)
    assert set(corrected) == set(found)
    assert all(found[name] <= corrected[name] <= 1.0 for name in found)
