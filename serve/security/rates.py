"""How fast somebody may go: token buckets, in this process or wherever else `Buckets` are kept."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

MOST_BUCKETS = 100_000


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, and `per_minute` in the long run."""

    per_minute: float
    burst: int

    @property
    def per_second(self) -> float:
        """How fast the bucket fills again."""
        return self.per_minute / 60


class Buckets(Protocol):
    """Where the tokens of everybody are counted."""

    async def take(self, name: str, rate: Rate) -> float:
        """Takes one token from the bucket `name`: 0 when it was there, else the seconds until there is one."""
        ...

    async def close(self) -> None:
        """Give back what is held."""
        ...


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: float


@dataclass(slots=True)
class LocalBuckets:
    """Buckets in this process. Those that were not used for longest are forgotten beyond `most`."""

    clock: Callable[[], float] = time.monotonic
    most: int = MOST_BUCKETS
    _buckets: OrderedDict[str, _Bucket] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    async def take(self, name: str, rate: Rate) -> float:
        """Takes one token, or says how long to wait for one."""
        with self._lock:
            bucket = self._filled(name, rate)
            if bucket.tokens >= 1:
                bucket.tokens -= 1
                return 0.0
            return (1 - bucket.tokens) / rate.per_second

    async def close(self) -> None:
        """There is nothing to give back."""

    def _filled(self, name: str, rate: Rate) -> _Bucket:
        now = self.clock()
        bucket = self._buckets.setdefault(name, _Bucket(rate.burst, now))
        self._buckets.move_to_end(name)
        while len(self._buckets) > self.most:
            self._buckets.popitem(last=False)
        bucket.tokens = min(rate.burst, bucket.tokens + (now - bucket.filled) * rate.per_second)
        bucket.filled = now
        return bucket
