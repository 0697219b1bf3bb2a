"""Where agents live, as the process sees it that uses them."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass, field
from typing import Any, Protocol

from agents.distribution.launching import WorkerProcess
from agents.distribution.peer import Event, Peer
from agents.distribution.requests import Adopt, Surroundings
from agents.distribution.wire import ConnectionLost
from knowledge.settings import whole_environment


class Engine(Protocol):
    """Where agents live: a worker process or an actor of Ray."""

    name: str

    @property
    def is_lost(self) -> bool:
        """Whether it has ended."""
        ...

    async def ask(self, value: object, on_event: Event | None = None) -> Any:
        """Its answer; raises `ConnectionLost` when it ends meanwhile."""
        ...


@dataclass(slots=True, eq=False)
class Worker:
    """One worker as this process sees it: how to reach it, and what is placed there."""

    name: str
    is_here: bool
    ports: set[int] = field(default_factory=set)
    process: WorkerProcess | None = None
    peer: Peer | None = None
    ready: asyncio.Task[None] | None = None
    agents: int = 0
    reserved: float = 0.0
    surroundings: Surroundings | None = None

    @property
    def is_lost(self) -> bool:
        """Whether it has ended, or never began."""
        failed = self.ready is not None and self.ready.done() and (self.ready.cancelled() or self.ready.exception())
        return bool(failed) or (self.peer is not None and self.peer.is_lost)

    async def ask(self, value: object, on_event: Event | None = None) -> Any:
        """Its answer, after it has taken over what changed here in the meantime."""
        if self.peer is None:
            raise ConnectionLost("the worker never began")
        if self.process is not None and (now := _surroundings()) != self.surroundings:
            self.surroundings = now
            await self.peer.ask(Adopt(now))
        return await self.peer.ask(value, on_event)


def _surroundings() -> Surroundings:
    return Surroundings(whole_environment(), os.getcwd(), tuple(entry or os.getcwd() for entry in sys.path))  # noqa: PTH109  # as sys.path holds it
