"""One question of a program: its turn, followed while it is under way, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal

from knowledge.answers.followup import readings
from knowledge.types import Reader
from serve.http.failures import Refused
from serve.store.conversations import Conversation
from serve.store.messages import Message
from serve.store.schema import new_id, now
from serve.turns.events import Delta, Progress, TurnEvent
from serve.turns.flow import CUSTOMER, Answering
from serve.turns.journal import Journal
from serve.turns.reception import Reception
from serve.turns.reply import Asked, Reply


@dataclass(frozen=True, slots=True)
class Said:
    """Something that was said before the question."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What the language models took; nothing where none was asked."""

    input_tokens: int = 0
    output_tokens: int = 0


class Once:
    """A question that is being answered. Used within one event loop.

    `async with` gives up what is under way when the block ends: nobody is left who would hear the answer.
    """

    def __init__(self, reception: Reception, by: Answering, asked: Asked) -> None:
        self._news: asyncio.Queue[TurnEvent | None] = asyncio.Queue()
        self._journal = Journal(asked.answer, self._news.put_nowait)
        self._task = asyncio.get_running_loop().create_task(self._work(reception, by, asked))

    async def events(self, *, every: float) -> AsyncIterator[Progress | Delta | None]:
        """What happens until there is an answer; None where nothing did for `every` seconds.

        A failure is raised by `reply`.
        """
        while True:
            try:
                event = await asyncio.wait_for(self._news.get(), every)
            except TimeoutError:
                yield None
                continue
            if event is None:
                return
            if isinstance(event, Progress | Delta):
                yield event

    async def reply(self) -> Reply:
        """The answer. Raises `RefdeskError` where there is none."""
        try:
            return await self._task
        except TimeoutError:
            raise Refused(504, "timeout", "The answer took too long:", hint="ask again, or ask for less.") from None

    async def admitted(self) -> None:
        """Waits until it is among those that are or will be worked on; raises `Refused` where it is not."""
        await asyncio.sleep(0)
        if self._task.done():
            await self.reply()

    @property
    def taken(self) -> Taken:
        """What it took so far."""
        used = self._journal.models
        return Taken(sum(one.input_tokens for one in used), sum(one.output_tokens for one in used))

    async def __aenter__(self) -> Once:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _work(self, reception: Reception, by: Answering, asked: Asked) -> Reply:
        try:
            return await reception.once(asked, self._journal, by)
        finally:
            self._news.put_nowait(None)


async def admitted(reception: Reception, by: Answering, asked: Asked) -> Once:
    """The question, once it is certain that it will be answered; raises `Refused` where too many wait."""
    once = Once(reception, by, asked)
    await once.admitted()
    return once


def asked_once(question: str, history: Sequence[Said], reader: Reader) -> Asked:
    """A question in a conversation that only its program keeps."""
    moment, id = now(), new_id()
    topic = ""
    for said in history:
        if said.role == "user":
            topic = readings(said.text, topic)[0]
    conversation = Conversation(id, "", "", "bot", moment, moment, topic)
    before = tuple(
        Message(new_id(), id, said.role, said.text, CUSTOMER if said.role == "user" else "", moment) for said in history
    )
    return Asked(conversation, Message(new_id(), id, "user", question, CUSTOMER, moment), new_id(), before, reader)
