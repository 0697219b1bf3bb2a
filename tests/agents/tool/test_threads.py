from __future__ import annotations

import asyncio
import copy
import random
import threading
import time

import pytest

from agents.tool import Toolkit
from agents.tool.threads import Stopped, Threads, stop_requested


async def test_a_thread_that_is_done_is_used_again() -> None:
    threads = Threads()
    first = await threads.run(threading.get_ident)
    assert {await threads.run(threading.get_ident) for _ in range(20)} == {first}


async def test_a_stop_never_meets_another_call() -> None:
    threads = Threads()
    stopped: list[bool] = []

    def work(seconds: float) -> float:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pass
        return seconds

    async def call(*, cancelled: bool) -> None:
        seconds = random.Random(len(stopped)).uniform(0.0005, 0.004)
        task = asyncio.create_task(threads.run(lambda: work(seconds)))
        if cancelled:
            await asyncio.sleep(seconds)
            task.cancel()
            await asyncio.wait({task})
        else:
            assert await task == seconds
        stopped.append(cancelled)

    for _ in range(60):
        await asyncio.gather(call(cancelled=True), call(cancelled=False), call(cancelled=True))
    assert len(stopped) == 180


async def test_a_stop_passes_through_what_catches_exceptions() -> None:
    caught = threading.Event()
    swallowed: list[Exception] = []

    def stubborn() -> None:
        while True:
            try:
                time.sleep(0.01)
            except Exception as error:  # what a careless tool does
                swallowed.append(error)
            except Stopped:
                caught.set()
                raise

    task = asyncio.create_task(Threads().run(stubborn))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(caught.wait, 5)
    assert not swallowed


def test_no_stop_is_requested_outside_a_call() -> None:
    assert not stop_requested()


async def test_a_toolkit_can_be_copied() -> None:
    toolkit = Toolkit()
    toolkit.register_tool_function(lambda: "here", func_name="where")
    await toolkit.execute_tool_function("where")
    assert (await copy.deepcopy(toolkit).execute_tool_function("where")).text == "here"
