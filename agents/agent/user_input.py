"""Where the words of a person come from: a terminal, a function, a queue."""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import IO, Protocol

from agents.exceptions import AgentInterrupted
from agents.message.blocks import ContentBlock
from agents.message.msg import Msg

Words = Msg | str | list[ContentBlock]


class UserInput(Protocol):
    """Gives what a person says next."""

    async def read(self, name: str, msg: Msg | None) -> Words:
        """What the person `name` says to `msg`; raises `AgentInterrupted` where nothing will come any more."""
        ...


class TerminalInput:
    """A person at the keyboard: one line at a time, read without holding up anything else.

    A line that is typed after the reading was cancelled is what the next reading gets.
    """

    def __init__(self, file: IO[str] | None = None, *, prompt: str = "{name}: ") -> None:
        self._file = file
        self._prompt = prompt
        self._reading: asyncio.Future[str] | None = None

    async def read(self, name: str, msg: Msg | None) -> str:
        """The next line; raises `AgentInterrupted` at the end of the input."""
        loop = asyncio.get_running_loop()
        if self._reading is None or self._reading.get_loop() is not loop:
            self._reading = self._started(loop, self._prompt.format(name=name))
        line = await asyncio.shield(self._reading)
        self._reading = None
        if not line:
            raise AgentInterrupted(f"The input of {name} has ended:", hint="nothing more will come from it.")
        return line.rstrip("\r\n")

    def _started(self, loop: asyncio.AbstractEventLoop, prompt: str) -> asyncio.Future[str]:
        """A line that is being read in a thread which does not keep the process from ending."""
        reading: asyncio.Future[str] = loop.create_future()
        file = self._file or sys.stdin

        def hand_over(line: str) -> None:
            if not reading.done():
                reading.set_result(line)

        def wait() -> None:
            try:
                line = file.readline()
            except (OSError, ValueError):  # closed while it was read: the same as its end
                line = ""
            if not loop.is_closed():
                loop.call_soon_threadsafe(hand_over, line)

        if file.isatty():
            print(prompt, end="", flush=True)
        threading.Thread(target=wait, name="terminal input", daemon=True).start()
        return reading


class CallbackInput:
    """A function, async or not, of the message that is answered; one that blocks runs in a thread."""

    def __init__(self, ask: Callable[[Msg | None], Words | Awaitable[Words]]) -> None:
        self._ask = ask

    async def read(self, name: str, msg: Msg | None) -> Words:
        """What the function gives."""
        if inspect.iscoroutinefunction(self._ask):
            given: Words = await self._ask(msg)
            return given
        words = await asyncio.to_thread(self._ask, msg)
        return await words if inspect.isawaitable(words) else words


class QueueInput:
    """A queue that somebody else fills: a chat page, a test."""

    def __init__(self, queue: asyncio.Queue[Words] | None = None) -> None:
        self.queue: asyncio.Queue[Words] = asyncio.Queue() if queue is None else queue

    async def read(self, name: str, msg: Msg | None) -> Words:
        """The next item."""
        return await self.queue.get()

    def put(self, words: Words) -> None:
        """Say something."""
        self.queue.put_nowait(words)
