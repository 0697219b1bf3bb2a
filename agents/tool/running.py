"""Runs one call of a tool, whatever kind of function it is, under a time limit, and gives its results as they come."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agents.tool.threads import Stopped, Threads, stop_requested

AHEAD = 16  # results that a streaming tool may be ahead of its reader
GRACE = 1.0  # seconds that a cancelled tool has to clean up
POLL = 0.05


class OutOfTime(Exception):
    """The time limit of the call ran out, not one inside the tool."""


@dataclass(frozen=True, slots=True)
class Part:
    """One result: the only one of a plain tool, or one of those that a generator yields."""

    value: Any
    streamed: bool


async def parts(
    function: Callable[..., Any], arguments: Mapping[str, Any], *, threads: Threads, timeout: float | None
) -> AsyncGenerator[Part, None]:
    """The results of `function(**arguments)`; blocking functions run in a thread, all others on this loop.

    Raises `OutOfTime` after `timeout` seconds, and whatever the function raises. However the reading ends, the
    function is cancelled; one that ignores that is left behind.
    """
    call = functools.partial(function, **arguments)
    loop = asyncio.get_running_loop()
    deadline = None if timeout is None else loop.time() + timeout
    value = await _within(_called(call, threads), deadline)
    if not isinstance(value, AsyncIterator) and not inspect.isgenerator(value):
        yield Part(value, streamed=False)
        return
    results = _Results(loop)
    producer = loop.create_task(_produce(value, results, threads))
    producer.add_done_callback(results.end)
    try:
        while (part := await results.next(deadline)) is not None:
            yield part
        _result(producer)
    finally:
        await _ended(producer)


def runs_on_loop(function: Callable[..., Any]) -> bool:
    """Whether calling `function` gives control back at once: a coroutine function, or an async generator's."""
    inner = function.func if isinstance(function, functools.partial) else function
    if inspect.iscoroutinefunction(inner):
        return True
    candidates = (inner, type(inner).__call__, inspect.unwrap(inner))
    return any(inspect.iscoroutinefunction(item) or inspect.isasyncgenfunction(item) for item in candidates)


async def _called(call: Callable[[], Any], threads: Threads) -> Any:
    value = call() if runs_on_loop(call) else await threads.run(call)
    if not isinstance(value, Awaitable):
        return value
    try:
        return await value
    except SystemExit as error:  # in a task it would end the loop, and the tool alone is to end
        raise RuntimeError(f"SystemExit: {error}") from error


async def _within(work: Coroutine[Any, Any, Any], deadline: float | None) -> Any:
    """What `work` returns; in a task of its own, so that one which ignores its cancellation can be left behind."""
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    try:
        await asyncio.wait({task}, timeout=None if deadline is None else deadline - loop.time())
        if not task.done():
            raise OutOfTime
        return _result(task)
    finally:
        if not task.done():
            await _ended(task)


def _result(task: asyncio.Task[Any]) -> Any:
    try:
        return task.result()
    except asyncio.CancelledError as error:
        raise RuntimeError("it was cancelled from within") from error


class _Results:
    """Hands results over, from the loop or from a thread, never more than a few ahead of their reader."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: asyncio.Queue[Part | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(AHEAD)
        self._room_in_thread = threading.Semaphore(AHEAD)

    async def next(self, deadline: float | None) -> Part | None:
        try:
            async with asyncio.timeout_at(deadline):
                part = await self._queue.get()
        except TimeoutError as error:
            raise OutOfTime from error
        self._room.release()
        self._room_in_thread.release()
        return part

    def end(self, _: object) -> None:
        self._queue.put_nowait(None)

    async def give(self, part: Part) -> None:
        await self._room.acquire()
        self._queue.put_nowait(part)

    def give_from_thread(self, part: Part) -> None:
        while not self._room_in_thread.acquire(timeout=POLL):
            if stop_requested():
                raise Stopped
        self._loop.call_soon_threadsafe(self._queue.put_nowait, part)


async def _produce(values: AsyncIterator[Any] | Iterator[Any], results: _Results, threads: Threads) -> None:
    if isinstance(values, AsyncIterator):
        await _forward(values, results)
    else:
        await threads.run(lambda: _in_order(values, results))


def _in_order(values: Any, results: _Results) -> None:
    """In a thread, which is the same for all steps of the generator: some libraries insist on that."""
    with contextlib.closing(values):
        for item in values:
            results.give_from_thread(Part(item, streamed=True))


async def _forward(values: AsyncIterator[Any], results: _Results) -> None:
    try:
        async for item in values:
            await results.give(Part(item, streamed=True))
    finally:
        if (close := getattr(values, "aclose", None)) is not None:
            await close()


async def _ended(task: asyncio.Task[Any]) -> None:
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=GRACE)
    if task.done() and not task.cancelled():
        task.exception()  # looked at, so that no warning says it was not
