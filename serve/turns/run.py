"""A turn that is under way: what happened so far, for everybody who follows it, from the beginning."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from typing import Any

from serve.turns.events import Ended, TurnEvent


class Run:
    """One turn. It goes on whether anybody follows it or not. Used within one event loop."""

    def __init__(self, question: str, answer: str, events: Iterable[TurnEvent] = ()) -> None:
        self.question = question
        self.answer = answer
        self.task: asyncio.Task[Any] | None = None
        self.stopped = False
        self._events = list(events)
        self._news = asyncio.Event()

    def tell(self, event: TurnEvent) -> None:
        """Something happened."""
        self._events.append(event)
        self._news.set()
        self._news = asyncio.Event()

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return bool(self._events) and isinstance(self._events[-1], Ended)

    def stop(self) -> None:
        """Give up what is under way; it ends with what was shown until then."""
        self.stopped = True
        if self.task is not None:
            self.task.cancel()

    async def follow(self, *, every: float) -> AsyncIterator[TurnEvent | None]:
        """What happened from the beginning on, until the end; None where nothing did for `every` seconds."""
        at = 0
        while True:
            while at < len(self._events):
                yield self._events[at]
                at += 1
            if self.ended:
                return
            news = self._news
            try:
                await asyncio.wait_for(news.wait(), every)
            except TimeoutError:
                yield None


async def whole(step: Coroutine[Any, Any, bool]) -> bool:
    """What the step gives. Given up meanwhile, it ends first, and what comes next is given up instead."""
    work = asyncio.ensure_future(step)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        done = await work
        task = asyncio.current_task()
        if task is not None:
            task.cancel()
        return done
