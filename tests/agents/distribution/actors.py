"""Agents whose behaviour shows where and how often they run."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

from agents.agent import AgentBase
from agents.exceptions import RateLimited
from agents.memory import InMemoryMemory
from agents.message import Msg


class Actor(AgentBase):
    """Does what the first word of a message says, and remembers it."""

    def __init__(self, name: str, *, greeting: str = "hello", roles: tuple[str, ...] = ()) -> None:
        super().__init__(name, roles=roles)
        self.memory = InMemoryMemory()
        self.greeting = greeting
        self.count = 0

    async def reply(self, msg: Msg | list[Msg] | None = None, **kwargs: Any) -> Msg:
        assert self.memory is not None
        assert isinstance(msg, Msg)
        self.memory.add(msg)
        self.count += 1
        word, _, rest = msg.text.partition(" ")
        said = Msg(self.name, await getattr(self, f"do_{word}")(rest))
        self.memory.add(said)
        return said

    async def do_echo(self, rest: str) -> str:
        await asyncio.sleep(0)
        return rest

    async def do_pid(self, rest: str) -> str:
        return str(os.getpid())

    async def do_sleep(self, rest: str) -> str:
        Path(rest).write_text("began")
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            Path(rest).write_text("cancelled")
            raise
        return "slept"

    async def do_fail(self, rest: str) -> str:
        try:
            raise ValueError("the cause")
        except ValueError as error:
            raise RateLimited("too many", retry_after=float(rest)) from error

    async def do_die(self, rest: str) -> str:
        """Die as often as the file `rest` says."""
        left = int(Path(rest).read_text())
        if left:
            Path(rest).write_text(str(left - 1))
            os.kill(os.getpid(), signal.SIGKILL)
        return "alive"

    async def do_size(self, rest: str) -> str:
        return str(len(rest))

    async def do_environment(self, rest: str) -> str:
        return f"{os.environ.get(rest, '')} {Path.cwd()}"
