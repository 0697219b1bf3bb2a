"""The room for turns: so many are worked on at once, more wait in turn, and beyond that they are told to come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from serve.config.settings import Limits
from serve.http.failures import Refused

BUSY_SECONDS = 5


class Room:
    """`limits.turns` places, and `limits.queue` who wait for one. Used within one event loop."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.waiting = 0
        self.is_draining = False
        self._inside = 0
        self._places = asyncio.Semaphore(limits.turns)

    def change(self, limits: Limits) -> None:
        """Keep to other limits from now on; whoever has a place keeps it."""
        if limits.turns != self.limits.turns:
            self._places = asyncio.Semaphore(limits.turns)
        self.limits = limits

    def check(self) -> None:
        """Raises `Refused` where nobody more may wait."""
        if self.is_draining:
            raise Refused(
                503,
                "stopping",
                "The service is being restarted:",
                hint="try again in a moment.",
                retry_after=BUSY_SECONDS,
            )
        if self._inside >= self.limits.turns + self.limits.queue:
            raise Refused(
                503, "overloaded", "Too many questions wait already:", hint="try again soon.", retry_after=BUSY_SECONDS
            )

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """One of the places, waited for; raises `TimeoutError` where waiting and work take longer than a turn may."""
        self._inside += 1
        self.waiting += 1
        waits = True
        try:
            async with asyncio.timeout(self.limits.turn_seconds), self._places:
                self.waiting -= 1
                waits = False
                yield
        finally:
            self._inside -= 1
            self.waiting -= waits
