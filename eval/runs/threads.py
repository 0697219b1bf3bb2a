"""Threads that ask case after case, and that no interrupted run waits for longer than a moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Generic, Self, TypeVar

# Long enough for what runs on this machine to end in order; a server may take minutes.
PATIENCE = 3.0
Given = TypeVar("Given")
Made = TypeVar("Made")


class Threads(Generic[Given, Made]):
    """`count` threads that do `work`, as a context: it waits for all that was submitted.

    Where the block raises, as it does on Ctrl-C, what waits is not begun, and what is under way has a moment to end.
    (Those of `concurrent.futures` keep the process until the last answer, which may be the one that is waited for.)
    """

    def __init__(self, work: Callable[[Given], Made], count: int, *, patience: float = PATIENCE) -> None:
        self._work = work
        self._patience = patience
        self._waiting: SimpleQueue[tuple[Future[Made], Given] | None] = SimpleQueue()
        self._submitted: set[Future[Made]] = set()
        self._threads = [Thread(target=self._run, name=f"eval-{number}", daemon=True) for number in range(count)]

    def submit(self, given: Given) -> Future[Made]:
        """The work on `given`, done in its turn."""
        future: Future[Made] = Future()
        self._submitted.add(future)
        future.add_done_callback(self._submitted.discard)
        self._waiting.put((future, given))
        return future

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            for future in tuple(self._submitted):
                future.cancel()
        for _ in self._threads:
            self._waiting.put(None)
        until = time.monotonic() + self._patience
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()) if error is not None else None)

    def _run(self) -> None:
        while (job := self._waiting.get()) is not None:
            future, given = job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(self._work(given))
            except BaseException as error:  # whoever waits for the result gets it
                future.set_exception(error)
