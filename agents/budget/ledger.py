"""What was spent, in all and by agent, conversation and model."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from agents.model.response import Usage

NOTHING = Usage(calls=0)


class Ledger:
    """Sums of usage; safe in any number of threads. Time runs while anything is tracked, overlaps counted once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.clear()

    def clear(self) -> None:
        """Begin anew; what is being tracked goes on."""
        with self._lock:
            self._total = NOTHING
            self._by: dict[str, dict[str, Usage]] = {"agent": {}, "conversation": {}, "model": {}}
            self._unpriced = 0
            self._elapsed = 0.0
            self._open = getattr(self, "_open", 0)
            self._since = time.monotonic()

    def add(self, usage: Usage, *, agent: str, conversation: str, model: str) -> None:
        """A call took `usage`, or a part of one did."""
        with self._lock:
            self._total += usage
            self._unpriced += usage.calls if usage.cost is None else 0
            for kind, key in (("agent", agent), ("conversation", conversation), ("model", model)):
                if key:
                    sums = self._by[kind]
                    sums[key] = sums.get(key, NOTHING) + usage

    @property
    def total(self) -> Usage:
        """Everything."""
        with self._lock:
            return self._total

    @property
    def unpriced_calls(self) -> int:
        """How many calls were of models whose price is not known."""
        with self._lock:
            return self._unpriced

    def of(self, kind: str, key: str) -> Usage:
        """What one agent, conversation or model took."""
        with self._lock:
            return self._by[kind].get(key, NOTHING)

    def by(self, kind: str) -> dict[str, Usage]:
        """What each agent, conversation or model took."""
        with self._lock:
            return dict(self._by[kind])

    @property
    def seconds(self) -> float:
        """How long anything was tracked."""
        with self._lock:
            running = time.monotonic() - self._since if self._open else 0.0
            return self._elapsed + running

    @contextmanager
    def running(self) -> Iterator[None]:
        """Within, time runs."""
        with self._lock:
            if not self._open:
                self._since = time.monotonic()
            self._open += 1
        try:
            yield
        finally:
            with self._lock:
                self._open -= 1
                if not self._open:
                    self._elapsed += time.monotonic() - self._since
