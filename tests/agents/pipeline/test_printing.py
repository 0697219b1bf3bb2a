from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agents.message import Msg
from agents.pipeline import sequential_pipeline, stream_printing_messages
from tests.agents.pipeline.speakers import Speaker


class Printer(Speaker):
    """Prints its words one by one."""

    async def reply(self, msg: Any = None, **kwargs: Any) -> Msg:
        said = Msg(self.name, "", "assistant")
        for word in ("one", "two"):
            said.content = f"{said.text} {word}".strip()
            await self.print(said, last=False)
        await self.print(said, last=True)
        return said


async def test_what_agents_print_comes_as_they_print_it() -> None:
    ann, bob = Printer("Ann"), Printer("Bob")
    ann.disable_console_output()
    seen = [
        (msg.name, msg.text, last)
        async for msg, last in stream_printing_messages([ann, bob], sequential_pipeline([ann, bob]))
    ]
    assert seen == [
        (name, text, last)
        for name in ("Ann", "Bob")
        for text, last in (("one", False), ("one two", False), ("one two", True))
    ]


async def test_the_error_of_the_task_comes_after_what_was_printed() -> None:
    ann = Printer("Ann")

    async def work() -> None:
        await ann()
        raise ValueError("it broke")

    stream = stream_printing_messages([ann], work())
    assert [(await anext(stream))[0].text for _ in range(3)] == ["one", "one two", "one two"]
    with pytest.raises(ValueError, match="it broke"):
        await anext(stream)


async def test_closing_the_stream_cancels_the_task_and_leaves_no_hook() -> None:
    ann = Printer("Ann")
    cancelled = asyncio.Event()

    async def work() -> None:
        try:
            while True:
                await ann()
                await asyncio.sleep(0.001)
        finally:
            cancelled.set()

    stream = stream_printing_messages([ann], work())
    await anext(stream)
    await stream.aclose()
    assert cancelled.is_set()
    assert not ann._hooks.of("post_print")
