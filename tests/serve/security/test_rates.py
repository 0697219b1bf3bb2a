"""Token buckets."""

from __future__ import annotations

import asyncio
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from serve.security.rates import LocalBuckets, Rate


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def taken(buckets: LocalBuckets, rate: Rate, *, name: str = "somebody") -> bool:
    """Whether there was a token."""
    return await buckets.take(name, rate) == 0


async def test_a_burst_is_let_through_and_then_one_after_another() -> None:
    clock = Clock()
    buckets, rate = LocalBuckets(clock), Rate(per_minute=60, burst=3)
    assert [await taken(buckets, rate) for _ in range(4)] == [True, True, True, False]
    clock.now += 1
    assert [await taken(buckets, rate) for _ in range(2)] == [True, False]


async def test_whoever_waits_as_long_as_they_are_told_gets_through() -> None:
    clock = Clock()
    buckets, rate = LocalBuckets(clock), Rate(per_minute=7, burst=1)
    assert await taken(buckets, rate)
    clock.now += await buckets.take("somebody", rate)
    assert await taken(buckets, rate)


async def test_nobody_takes_anothers_tokens() -> None:
    buckets, rate = LocalBuckets(Clock()), Rate(per_minute=1, burst=1)
    assert await taken(buckets, rate, name="one")
    assert await taken(buckets, rate, name="two")
    assert not await taken(buckets, rate, name="one")


async def test_what_was_not_used_for_longest_is_forgotten_first() -> None:
    clock = Clock()
    buckets, rate = LocalBuckets(clock, most=2), Rate(per_minute=1, burst=1)
    for name in ("one", "two", "one", "three"):
        await buckets.take(name, rate)
    assert not await taken(buckets, rate, name="one")
    assert await taken(buckets, rate, name="two")


@given(
    st.lists(st.floats(0, 30), min_size=1, max_size=60),
    st.integers(1, 20),
    st.integers(1, 120),
)
def test_no_stretch_of_time_holds_more_than_a_burst_and_what_was_filled_in_it(
    pauses: list[float], burst: int, per_minute: int
) -> None:
    clock, rate = Clock(), Rate(per_minute, burst)
    buckets = LocalBuckets(clock)
    moments = list(accumulate(pauses))
    through = []
    for moment in moments:
        clock.now = moment
        if asyncio.run(buckets.take("somebody", rate)) == 0:
            through.append(moment)
    for at, begin in enumerate(through):
        for count, end in enumerate(through[at:], 1):
            assert count <= burst + (end - begin) * rate.per_second + 1e-6
