"""What a channel that news of tickets goes out by promises."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from knowledge.errors import RefdeskError
from serve.store.outbox import Delivery, News


class Undelivered(RefdeskError):
    """Somebody did not take over what was sent; the sentence says why."""


class Channel(Protocol):
    """A way out of the house."""

    @property
    def carries(self) -> Collection[News]:
        """The news that goes by this channel."""
        ...

    def deliver(self, delivery: Delivery) -> None:
        """Hand it over; raises `Undelivered`. Blocks."""
        ...
