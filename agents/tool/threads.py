"""Runs blocking tools in threads of their own, so that many really overlap and one that hangs holds up nothing."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import threading
from collections import deque
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
IDLE = 5.0  # seconds that a thread without work waits for some
# Task-local by design: each call has a flag of its own, seen by the thread that works for it.
_STOP: ContextVar[threading.Event | None] = ContextVar("stop", default=None)


class Stopped(BaseException):
    """Raised inside a blocking tool when its call was cancelled or took too long; no `except Exception` keeps it."""


def stop_requested() -> bool:
    """Whether the call that this code works for was cancelled or took too long; for tools that loop in foreign code."""
    stop = _STOP.get()
    return stop is not None and stop.is_set()


class Threads:
    """As many threads as there are blocking calls at the same time; those that are done are used again."""

    def __init__(self) -> None:
        self._idle: deque[_Worker] = deque()

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns, with this context copied.

        Cancelled, it returns at once, `stop_requested()` becomes true for `work`, and `Stopped` is raised in it as soon
        as it executes Python code again.
        """
        loop = asyncio.get_running_loop()
        job = _Job(work, loop, loop.create_future(), copy_context())
        worker = self._worker()
        worker.jobs.put(job)
        try:
            result: T = await job.future
        except asyncio.CancelledError:
            worker.stop(job)
            raise
        return result

    def _worker(self) -> _Worker:
        with contextlib.suppress(IndexError):
            return self._idle.pop()
        worker = _Worker(self._idle)
        worker.start()
        return worker

    def __reduce__(self) -> tuple[type[Threads], tuple[()]]:
        # Threads stay where they are: a copy, or the same elsewhere, starts without any.
        return Threads, ()


class _Job:
    """One call."""

    __slots__ = ("context", "future", "loop", "stop", "work")

    def __init__(
        self, work: Callable[[], Any], loop: asyncio.AbstractEventLoop, future: asyncio.Future[Any], context: Context
    ) -> None:
        self.work, self.loop, self.future, self.context = work, loop, future, context
        self.stop = threading.Event()
        context.run(_STOP.set, self.stop)

    def hand_over(self, give: Callable[[Any], None], value: object) -> None:
        """Give the result to whoever awaits it."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self.loop.call_soon_threadsafe(self._unless_done, give, value)

    def _unless_done(self, give: Callable[[Any], None], value: object) -> None:
        if not self.future.done():
            give(value)


class _Worker(threading.Thread):
    """A daemon: a tool that hangs in foreign code must not keep the process from ending."""

    def __init__(self, idle: deque[_Worker]) -> None:
        super().__init__(name="tool", daemon=True)
        self.jobs: SimpleQueue[_Job] = SimpleQueue()
        self._idle = idle
        self._guard = threading.Lock()
        self._current: _Job | None = None

    def run(self) -> None:
        # One that was stopped ends: the exception may still be on its way to it, and must not meet another job.
        with contextlib.suppress(Stopped):
            while (job := self._next()) is not None and self._do(job):
                pass

    def stop(self, job: _Job) -> None:
        """Tell the work to stop, and interrupt it at its next step in Python."""
        job.stop.set()
        with self._guard:
            if self._current is job and self.ident is not None:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), ctypes.py_object(Stopped))

    def _next(self) -> _Job | None:
        try:
            return self.jobs.get(timeout=IDLE)
        except Empty:
            try:
                self._idle.remove(self)
            except ValueError:  # taken by a call at this very moment
                return self.jobs.get()
            return None

    def _do(self, job: _Job) -> bool:
        """Do the work and hand over what came of it; whether this thread may be used again."""
        with self._guard:
            self._current = job
        usable = False
        try:
            try:
                result = job.context.run(job.work)
            finally:
                with self._guard:
                    self._current = None
                    usable = not job.stop.is_set()
                if usable:
                    self._idle.append(self)
        except BaseException as error:  # the edge of the thread: the error is handed to whoever awaits the call
            job.hand_over(job.future.set_exception, _in_a_future(error))
        else:
            job.hand_over(job.future.set_result, result)
        return usable


def _in_a_future(error: BaseException) -> BaseException:
    """A future refuses StopIteration, and SystemExit in one would end the loop."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    failure = RuntimeError(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
    failure.__cause__ = error
    return failure
