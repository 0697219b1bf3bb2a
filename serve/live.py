"""Who waits for news of what: a knock on the door, after which the store is read."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from threading import Lock
from typing import Protocol

# The topic of everything that happens to tickets.
INBOX = "inbox"


class Bell:
    """Rings in the event loop in which it was made; several pieces of news ring once."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """There is news; callable from any thread."""
        with suppress(RuntimeError):  # a loop that is closed has nobody left who waits
            self._loop.call_soon_threadsafe(self._rung.set)

    async def wait(self, seconds: float) -> bool:
        """Waits until there is news, at most `seconds`; whether there is."""
        try:
            await asyncio.wait_for(self._rung.wait(), seconds)
        except TimeoutError:
            return False
        self._rung.clear()
        return True


class Live(Protocol):
    """Tells everybody who listens to a topic that there is news of it; what the news is stands in the store."""

    def ring(self, topic: str) -> None:
        """There is news of `topic`; callable from any thread."""
        ...

    def ring_all(self) -> None:
        """There is news for everybody, as when the service ends; callable from any thread."""
        ...

    def listen(self, topic: str) -> AbstractContextManager[Bell]:
        """Within, news of `topic` rings. Called in the event loop that waits."""
        ...

    def close(self) -> None:
        """Give back what is held."""
        ...


class LocalLive:
    """News within this process."""

    def __init__(self) -> None:
        self._bells: dict[str, set[Bell]] = {}
        self._lock = Lock()

    def ring(self, topic: str) -> None:
        """There is news of `topic`; callable from any thread."""
        with self._lock:
            bells = tuple(self._bells.get(topic, ()))
        for bell in bells:
            bell.ring()

    def ring_all(self) -> None:
        """There is news for everybody; callable from any thread."""
        with self._lock:
            bells = [bell for listening in self._bells.values() for bell in listening]
        for bell in bells:
            bell.ring()

    @contextmanager
    def listen(self, topic: str) -> Iterator[Bell]:
        """Within, news of `topic` rings."""
        bell = Bell()
        with self._lock:
            self._bells.setdefault(topic, set()).add(bell)
        try:
            yield bell
        finally:
            with self._lock:
                listening = self._bells[topic]
                listening.discard(bell)
                if not listening:
                    del self._bells[topic]

    def close(self) -> None:
        """There is nothing to give back."""
