"""A call of something in a worker, under way from the moment it is made."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Generic, TypeVar

from agents.distribution.io_thread import IoThread
from agents.distribution.peer import GIVING_UP_SECONDS

T = TypeVar("T")


class RemoteCall(Coroutine[Any, Any, T], Generic[T]):
    """A future: await it any number of times, in any event loop, or take its `result` without one.

    It runs whether anybody waits or not. Whoever is cancelled while waiting gives it up; it has ended in the worker
    when the cancellation arrives. `afterwards` is awaited with the result, once, by the first who waits.
    """

    def __init__(
        self,
        io: IoThread,
        work: Coroutine[Any, Any, T],
        *,
        afterwards: Callable[[T], Awaitable[None]] | None = None,
    ) -> None:
        self._loop = io.loop
        self._ended: Future[T] = Future()
        self._task: asyncio.Task[T] | None = None
        self._afterwards = afterwards
        self._waiting: Coroutine[Any, Any, T] | None = None
        self._loop.call_soon_threadsafe(self._begin, work)

    def done(self) -> bool:
        """Whether it has ended."""
        return self._ended.done()

    def cancel(self) -> None:
        """Give it up."""
        self._loop.call_soon_threadsafe(lambda: self._task.cancel() if self._task else None)

    def result(self, timeout: float | None = None) -> T:
        """What came of it, after waiting for it outside of any event loop; raises `TimeoutError`."""
        return self._ended.result(timeout)

    def __await__(self) -> Generator[Any, None, T]:
        return self._wait().__await__()

    def send(self, value: Any) -> Any:
        """As a coroutine: a task can be made of it."""
        if self._waiting is None:
            self._waiting = self._wait()
        return self._waiting.send(value)

    def throw(self, typ: Any, val: Any = None, tb: TracebackType | None = None) -> Any:
        """As a coroutine."""
        if self._waiting is None:
            self._waiting = self._wait()
        return self._waiting.throw(typ if val is None else val)

    def close(self) -> None:
        """As a coroutine; the call itself goes on."""
        if self._waiting is not None:
            self._waiting.close()

    async def _wait(self) -> T:
        ended = asyncio.wrap_future(self._ended)
        try:
            result = await asyncio.shield(ended)
        except asyncio.CancelledError:
            if not self._ended.done():
                self.cancel()
                await asyncio.wait([ended], timeout=GIVING_UP_SECONDS)
            raise
        afterwards, self._afterwards = self._afterwards, None
        if afterwards is not None:
            await afterwards(result)
        return result

    def _begin(self, work: Coroutine[Any, Any, T]) -> None:
        self._task = self._loop.create_task(work)
        self._task.add_done_callback(self._settle)

    def _settle(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            self._ended.cancel()
            self._ended.set_running_or_notify_cancel()
        elif (error := task.exception()) is not None:
            self._ended.set_exception(error)
        else:
            self._ended.set_result(task.result())
