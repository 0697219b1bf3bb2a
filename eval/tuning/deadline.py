"""How long something may still take, asked between the steps of long work."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from knowledge.errors import RefdeskError


class OutOfTime(RefdeskError):
    """The time that was given is over; what was measured so far is kept."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the clock `now`, in seconds."""

    until: float
    now: Callable[[], float] = field(default=time.monotonic)

    @classmethod
    def after(cls, seconds: float, *, now: Callable[[], float] = time.monotonic) -> Self:
        """The moment that is so many seconds away."""
        return cls(now() + seconds, now)

    @property
    def is_over(self) -> bool:
        """Whether no time is left."""
        return self.now() >= self.until

    def check(self) -> None:
        """Raises `OutOfTime` when no time is left."""
        if self.is_over:
            raise OutOfTime("No time was left.")

    def part(self, share: float) -> Deadline:
        """An earlier moment: when `share` of the time that is left now has gone by."""
        now = self.now()
        return Deadline(now + share * max(0.0, self.until - now), self.now)
