"""Asking again after a failure that may pass: exponential back-off with full jitter, bounded in attempts and time."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from agents.exceptions import ModelTimeout, ModelUnavailable, RateLimited
from knowledge.errors import ModelError

Passing = (RateLimited, ModelTimeout, ModelUnavailable)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds an attempt waits for a sign of life: `share` unless somebody says, and never more than `left`.

    A reply that keeps coming is not cut off by it.
    """

    share: float
    left: float = math.inf

    def seconds(self, timeout: float | None) -> float:
        """The longest silence, where `timeout` is what was configured for it."""
        return min(self.share if timeout is None else timeout, self.left)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most `attempts` attempts, all of them within `within` seconds where the server is silent.

    Each waits for half of the time that is left, the last for all of it. A longer time that was configured for a model
    counts for the first attempt, which then leaves less to the others. Attempt n waits a random time of up to
    `first * 2 ** (n - 1)` seconds, never more than `longest` (full jitter: AWS Architecture Blog, "Exponential Backoff
    and Jitter", 2015), and never less than a server's Retry-After says. Where Retry-After ends after `within`, the
    failure is raised at once.
    """

    attempts: int = 3
    within: float = 100.0
    first: float = 0.5
    longest: float = 20.0

    def wait(self, failed: int, error: ModelError) -> float:
        """How many seconds to wait after `failed` failures, the last of them `error`."""
        asked = getattr(error, "retry_after", None) or 0.0
        return max(float(asked), random.uniform(0, min(self.longest, self.first * 2 ** (failed - 1))))

    def patience(self, failed: int, elapsed: float) -> Patience:
        """How long the next attempt may be unanswered, `elapsed` seconds and `failed` failures after the beginning."""
        if not failed:
            return Patience(self.within / 2)
        left = max(0.0, self.within - elapsed)
        return Patience(left if failed + 1 >= self.attempts else left / 2, left)


ONCE = RetryPolicy(attempts=1)
# For an attempt that is made outside of any policy.
UNHURRIED = Patience(ONCE.within / 2)


async def retried(
    attempt: Callable[[Patience], Awaitable[Result]],
    policy: RetryPolicy,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Result:
    """What `attempt` gives; asks again while the failure may pass, then raises the last one."""
    began, failed = clock(), 0
    while True:
        try:
            return await attempt(policy.patience(failed, clock() - began))
        except Passing as error:
            failed += 1
            wait = policy.wait(failed, error)
            if failed >= policy.attempts or clock() + wait - began >= policy.within:
                raise
        await sleep(wait)
