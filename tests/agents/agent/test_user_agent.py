"""A person takes part: from a terminal, a function, a queue."""

from __future__ import annotations

import asyncio
import io
import os
from typing import Any

import pytest
from pydantic import BaseModel

from agents.agent import CallbackInput, QueueInput, TerminalInput, UserAgent
from agents.exceptions import AgentInterrupted
from agents.message import Msg
from knowledge.errors import UsageError


class Order(BaseModel):
    """What a person may be asked for."""

    count: int


async def test_a_function_answers_for_the_person() -> None:
    user = UserAgent("ann", lambda msg: f"to {msg.text if msg else 'nobody'}")
    reply = await user(Msg("bot", "Hello?"))
    assert (reply.name, reply.role, reply.content) == ("ann", "user", "to Hello?")
    assert (await user()).content == "to nobody"


async def test_an_async_function_and_a_message_of_its_own() -> None:
    async def ask(msg: Msg | None) -> Any:
        return Msg("somebody", [{"type": "text", "text": "hi"}])

    reply = await UserAgent(source=CallbackInput(ask))()
    assert (reply.name, reply.text, reply.role) == ("user", "hi", "user")


async def test_a_queue_answers_when_something_is_put_into_it() -> None:
    queue: asyncio.Queue[Any] = asyncio.Queue()
    user = UserAgent(source=queue)
    task = asyncio.create_task(user("Anything else?"))
    await asyncio.sleep(0)
    queue.put_nowait("No.")
    assert (await task).content == "No."
    later = QueueInput()
    user.override_instance_input_method(later)
    later.put("Yes.")
    assert (await user()).content == "Yes."


async def test_lines_are_read_until_the_input_ends() -> None:
    user = UserAgent(source=TerminalInput(io.StringIO("one\ntwo\n")))
    assert [(await user()).content, (await user()).content] == ["one", "two"]
    with pytest.raises(AgentInterrupted, match="The input of user has ended"):
        await user()


async def test_a_line_typed_after_a_cancelled_question_is_not_lost() -> None:
    read, write = os.pipe()
    with os.fdopen(read) as terminal, os.fdopen(write, "w") as keyboard:
        user = UserAgent(source=TerminalInput(terminal))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(user("Well?"), 0.02)
        keyboard.write("here\n")
        keyboard.flush()
        assert (await user("Well?")).content == "here"


async def test_a_structured_answer_is_asked_for_until_it_fits() -> None:
    said = iter(["many", "3"])
    user = UserAgent(source=lambda msg: next(said))
    reply = await user("How many?", structured_model=Order)
    assert reply.metadata["structured"] == {"count": 3}
    with pytest.raises(UsageError, match="gave no Order in 3 attempts"):
        await UserAgent(source=lambda msg: "no")("How many?", structured_model=Order)


async def test_words_come_from_something_that_can_give_them() -> None:
    with pytest.raises(UsageError, match="cannot come from int"):
        UserAgent(source=7)  # type: ignore[arg-type]  # what is tested
