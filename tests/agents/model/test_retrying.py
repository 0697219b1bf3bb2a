"""Asking again is bounded, jittered, and never sooner than the server asks for."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.exceptions import ModelRefused, ModelTimeout, RateLimited
from agents.model.failures import retry_after
from agents.model.retrying import Patience, RetryPolicy, retried

# How long an example takes says nothing on a machine that is shared.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
BUSY = RateLimited("busy.")


@UNHURRIED
@given(st.integers(1, 50))
def test_the_wait_is_jittered_and_never_longer_than_the_longest(failed: int) -> None:
    policy = RetryPolicy(first=0.5, longest=20.0)
    assert 0 <= policy.wait(failed, BUSY) <= min(20.0, 0.5 * 2 ** (failed - 1))


@UNHURRIED
@given(st.integers(1, 50), st.floats(0, 1000))
def test_the_wait_is_never_shorter_than_the_server_asks(failed: int, asked: float) -> None:
    assert RetryPolicy().wait(failed, RateLimited("busy.", retry_after=asked)) >= asked


def test_two_clients_do_not_wait_alike() -> None:
    assert len({RetryPolicy().wait(4, BUSY) for _ in range(20)}) > 10


async def test_what_will_not_pass_is_not_tried_again() -> None:
    tried = []

    async def attempt(_: Patience) -> None:
        tried.append(1)
        raise ModelRefused("no.")

    with pytest.raises(ModelRefused):
        await retried(attempt, RetryPolicy(attempts=5, first=0))
    assert len(tried) == 1


class Clock:
    """A time that passes only where somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


async def silent(timeout: float | None, policy: RetryPolicy) -> tuple[int, float]:
    """How often a server that never answers is asked, and how long that takes."""
    clock, asked = Clock(), []

    async def attempt(patience: Patience) -> None:
        asked.append(patience)
        await clock.sleep(patience.seconds(timeout))
        raise ModelTimeout("silent.")

    with pytest.raises(ModelTimeout):
        await retried(attempt, policy, clock=clock, sleep=clock.sleep)
    return len(asked), clock.now


@pytest.mark.parametrize("timeout", [None, 1.0, 30.0])
async def test_a_server_that_hangs_is_asked_three_times_within_100_seconds(timeout: float | None) -> None:
    for _ in range(20):
        asked, seconds = await silent(timeout, RetryPolicy())
        assert (asked, seconds <= 100.001) == (3, True)


@pytest.mark.parametrize(("timeout", "asked"), [(60.0, 2), (90.0, 2), (100.0, 1), (300.0, 1)])
async def test_a_longer_silence_that_was_configured_counts_once_and_leaves_less_to_the_others(
    timeout: float, asked: int
) -> None:
    times, seconds = await silent(timeout, RetryPolicy())
    assert times == asked
    assert seconds == pytest.approx(max(timeout, 100))


@UNHURRIED
@given(st.integers(1, 20), st.floats(0.1, 1000))
def test_any_number_of_silent_attempts_ends_in_time(attempts: int, within: float) -> None:
    asked, seconds = asyncio.run(silent(None, RetryPolicy(attempts=attempts, within=within, first=0)))
    assert asked <= attempts
    assert seconds <= within * 1.0001


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "3"}, 3),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "-4"}, 0),
        ({"retry-after": "soon"}, None),
    ],
)
def test_a_server_may_ask_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_a_server_may_ask_to_wait_until_a_time() -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 28 <= (retry_after({"Retry-After": until}) or 0) <= 30
