"""How many streams somebody holds open at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from serve.security.identity import Caller
from serve.security.peers import neighbourhood
from serve.security.refusals import TooMany


@dataclass(slots=True)
class Streams:
    """Counts open streams per visitor, per key or account, per address of visitors and in all.

    A page holds one as long as it is open, and another one while it is answered; a key may serve many people, and an
    address may be that of a whole office.
    """

    per_visitor: int = 8
    per_key: int = 500
    per_address: int = 500
    in_all: int = 4000
    _open: Counter[str] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    @property
    def open(self) -> int:
        """How many there are."""
        return self._open[""]

    @contextmanager
    def hold(self, caller: Caller) -> Iterator[None]:
        """Within, one more stream of this caller is open. Raises `TooMany` where that is one too many."""
        limits = self._limits(caller)
        self._enter(limits)
        try:
            yield
        finally:
            self._leave(limits)

    def _limits(self, caller: Caller) -> dict[str, int]:
        match caller.kind:
            case "local":
                return {"": self.in_all}
            case "key" | "staff":
                return {"": self.in_all, f"caller {caller.id}": self.per_key}
        address = f"address {neighbourhood(caller.address)}"
        return {"": self.in_all, f"caller {caller.id}": self.per_visitor, address: self.per_address}

    def _enter(self, limits: dict[str, int]) -> None:
        with self._lock:
            if any(self._open[name] >= most for name, most in limits.items()):
                raise TooMany("Too many answers are being written at once.", hint="Let one end first.", seconds=5)
            self._open.update(limits.keys())

    def _leave(self, limits: dict[str, int]) -> None:
        with self._lock:
            self._open.subtract(limits.keys())
            for name in limits:
                if self._open[name] <= 0:
                    del self._open[name]
