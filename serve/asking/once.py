"""One question of a program: its turn, followed while it is under way, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal

from knowledge.answers.followup import readings
from serve.http.failures import Refused
from serve.languages import ENGLISH
from serve.security.identity import Caller
from serve.store.conversations import Channel, Conversation
from serve.store.messages import Message
from serve.store.schema import new_id, now
from serve.turns.courtesies import courtesy
from serve.turns.events import Delta, Progress, TurnEvent
from serve.turns.flow import CUSTOMER, Answering
from serve.turns.journal import Journal
from serve.turns.reception import Reception
from serve.turns.reply import Asked, Reply
from serve.turns.run import Run
from serve.turns.words import Speaking


@dataclass(frozen=True, slots=True)
class Said:
    """Something that was said before the question."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a question and its answer are kept: the conversation, and the message that the answer is."""

    conversation: str
    message: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What the language models took; nothing where none was asked."""

    input_tokens: int = 0
    output_tokens: int = 0


class Once:
    """A question that is being answered, and kept like every other. Used within one event loop.

    Its conversation `begins` with it, unless it is one that is there. `async with` gives up what is under way when the
    block ends: nobody is left who would hear the answer.
    """

    def __init__(self, reception: Reception, by: Answering, asked: Asked, *, begins: bool = True) -> None:
        self._news: asyncio.Queue[TurnEvent | None] = asyncio.Queue()
        self._journal = Journal(asked.answer, self._news.put_nowait)
        self._run = Run(asked.question.id, asked.answer)
        self._task = asyncio.get_running_loop().create_task(self._work(reception, by, asked, begins=begins))
        self._run.task = self._task
        self.kept = Kept(asked.conversation.id, asked.answer)

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
            return await asyncio.shield(self._task)
        except TimeoutError:
            raise Refused(504, "timeout", "The answer took too long:", hint="ask again, or ask for less.") from None
        except asyncio.CancelledError:
            if not self._task.cancelled():  # it is not the question that was given up, but the waiting for it
                raise
            raise Refused(503, "stopped", "The answer was stopped:", hint="ask again.") from None

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
        self._run.stop()
        await asyncio.wait([self._task])

    async def _work(self, reception: Reception, by: Answering, asked: Asked, *, begins: bool) -> Reply:
        try:
            return await reception.once(self._run, asked, self._journal, Speaking(by), begins=begins)
        finally:
            self._news.put_nowait(None)


async def admitted(reception: Reception, by: Answering, asked: Asked) -> Once:
    """The question, once it is certain that it will be answered; raises `Refused` where too many wait."""
    once = Once(reception, by, asked)
    await once.admitted()
    return once


def asked_once(
    question: str, history: Sequence[Said], caller: Caller, channel: Channel, *, language: str = ENGLISH
) -> Asked:
    """A question whose program keeps what was said before; it is kept here as a conversation of its own."""
    moment, id, question = now(), new_id(), cleaned(question)
    topic = ""
    for said in history:
        if said.role == "user" and courtesy(said.text) is None:
            topic = readings(said.text, topic)[0]
    conversation = Conversation(id, caller.id, "", "bot", moment, moment, topic, channel)
    before = tuple(
        Message(new_id(), id, said.role, said.text, CUSTOMER if said.role == "user" else "", moment) for said in history
    )
    said_now = Message(new_id(), id, "user", question, CUSTOMER, moment)
    return Asked(conversation, said_now, new_id(), before, caller.reader, language)


def asked_in(conversation: Conversation, history: Sequence[Message], question: str, caller: Caller) -> Asked:
    """A question that goes on with a conversation of a program that is kept here."""
    said = Message(new_id(), conversation.id, "user", cleaned(question), CUSTOMER, now())
    return Asked(conversation, said, new_id(), tuple(history), caller.reader)


def cleaned(text: str) -> str:
    """Words of a program without what no database keeps: NUL, and halves of a character."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
