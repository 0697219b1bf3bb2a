"""Takes questions, lets each be worked on, and keeps what came of it, whoever stays to hear."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from sqlalchemy.exc import IntegrityError

from knowledge.types import Reader
from serve.config.settings import Limits
from serve.http.failures import Refused
from serve.languages import ENGLISH
from serve.live import INBOX, Live
from serve.metrics import Metrics
from serve.store.conversations import Conversation
from serve.store.messages import Message
from serve.store.schema import new_id, now
from serve.store.store import Store
from serve.store.turns import TurnUnderWay
from serve.turns.courtesies import courtesy
from serve.turns.elsewhere import follow_elsewhere, stop_when_told
from serve.turns.events import Accepted, Answered, Ended, TurnEvent
from serve.turns.flow import Answering
from serve.turns.journal import Journal
from serve.turns.outcomes import failure_of
from serve.turns.reply import Asked, Reply
from serve.turns.room import Room
from serve.turns.run import Run, whole
from serve.turns.working import Working

TITLE_CHARS = 80
CUSTOMER = "customer"


class Reception:
    """One turn at a time in each conversation, `limits.turns` at a time in all; more wait, in turn."""

    def __init__(
        self, store: Store, live: Live, answering: Answering, limits: Limits, metrics: Metrics | None = None
    ) -> None:
        self._store = store
        self._live = live
        self._answering = answering
        self._room = Room(limits)
        self._working = Working(store, self._room, metrics or Metrics())
        self._runs: dict[str, Run] = {}

    @property
    def under_way(self) -> int:
        """How many turns are worked on, or wait for it."""
        return len(self._runs)

    @property
    def waiting(self) -> int:
        """How many turns wait for one of the places in which they are worked on."""
        return self._room.waiting

    def run_of(self, conversation: str) -> Run | None:
        """The turn that is under way in a conversation."""
        return self._runs.get(conversation)

    async def ask(
        self, conversation: Conversation, id: str, text: str, reader: Reader, *, language: str = ENGLISH
    ) -> Run:
        """Answer `text`. It is kept under `id` when this returns; the same `id` again gives the same turn.

        Raises `Refused` where the id is taken, another turn is under way, or too many wait.
        """
        known = await asyncio.to_thread(self._store.messages.find, id)
        if known is not None:
            return await self._known(conversation, known)
        question = Message(id, conversation.id, "user", text, CUSTOMER, now())
        if conversation.state == "closed":
            raise Refused(409, "closed", "This conversation is closed:", hint="begin a new one.")
        if conversation.state != "bot":
            return await self._passed_on(question)
        run = await self._begun(conversation, question, reader, title=_title(conversation, text), language=language)
        return run or await self._passed_on(question)

    async def retry(self, conversation: Conversation, id: str, reader: Reader, *, language: str = ENGLISH) -> Run:
        """Answer again what the message `id` asked or answered; the answer until now gives way."""
        message = await asyncio.to_thread(self._store.messages.find, id)
        if message is not None and message.role != "user" and message.answers:
            message = await asyncio.to_thread(self._store.messages.find, message.answers)
        if message is None or message.conversation != conversation.id or message.role != "user":
            raise Refused(404, "message_not_found", "There is no such message in this conversation.")
        run = None
        if conversation.state == "bot":
            run = await self._begun(conversation, message, reader, again=True, language=language)
        if run is None:
            raise Refused(409, "with_a_person", "A person answers in this conversation now.")
        return run

    async def once(self, run: Run, asked: Asked, journal: Journal, by: Answering, *, begins: bool = True) -> Reply:
        """What `by` answers a program, whose question waits for its turn as all others do, and is kept as they are.

        Its conversation `begins` with the question, or is one that is there. Raises `Refused` where too many wait, and
        what keeps a turn from being answered.
        """
        conversation = asked.conversation
        self._check_room(conversation)
        self._runs[conversation.id] = run
        answer = _pending(asked.question, run)
        opening = replace(conversation, title=_title(conversation, asked.question.text)) if begins else None
        try:
            if not await whole(asyncio.to_thread(self._beginning(opening=opening), asked.question, answer)):
                raise Refused(409, "with_a_person", "A person answers in this conversation now.")
            worked = await self._working.work(run, asked, answer, journal, by)
        finally:
            self._runs.pop(conversation.id, None)
            self._live.ring(conversation.id)
        if worked.reply is None or worked.error is not None:
            raise worked.error or AssertionError("a turn without a reply has an error")
        return worked.reply

    async def stop(self, conversation: str) -> bool:
        """Give up the turn that is under way, whichever process works on it; whether there was one."""
        run = self._runs.get(conversation)
        if run is not None:
            run.stop()
            return True
        if not self._store.database.shared:
            return False
        told = await asyncio.to_thread(self._store.turns.ask_to_stop, conversation)
        self._live.ring(conversation)
        return told

    async def abandon(self, conversation: str) -> None:
        """Give up the turn that is under way, and wait until nothing more of it will be kept."""
        run = self._runs.get(conversation)
        if run is not None and run.task is not None:
            run.stop()
            await asyncio.wait([run.task])

    def change(self, answering: Answering, limits: Limits) -> None:
        """Let `answering` answer from now on, within `limits`; turns that are under way end as they began."""
        self._answering = answering
        self._room.change(limits)

    def stop_admitting(self) -> None:
        """Take no more questions: the service is about to end."""
        self._room.is_draining = True

    @property
    def is_draining(self) -> bool:
        """Whether no more questions are taken."""
        return self._room.is_draining

    async def drain(self, seconds: float) -> None:
        """Let what is under way end, at most for `seconds`; give up the rest."""
        self.stop_admitting()
        tasks = [run.task for run in self._runs.values() if run.task is not None]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()
            if late:
                # Each has its last words to write; the threads that write them end with the loop.
                await asyncio.wait(late)

    async def _begun(
        self,
        conversation: Conversation,
        question: Message,
        reader: Reader,
        *,
        language: str,
        title: str = "",
        again: bool = False,
    ) -> Run | None:
        """The turn, begun; None where a person has taken the conversation over by now."""
        self._check_room(conversation)
        run = Run(question.id, new_id())
        self._runs[conversation.id] = run
        answer = _pending(question, run)
        try:
            history = await asyncio.to_thread(self._store.messages.of, conversation.id)
            if len(history) >= self._room.limits.messages:
                raise Refused(409, "conversation_full", "This conversation is long enough:", hint="begin a new one.")
            if not await asyncio.to_thread(self._beginning(title=title, again=again), question, answer):
                self._runs.pop(conversation.id)
                return None
        except TurnUnderWay as error:
            self._runs.pop(conversation.id)
            return await self._met(conversation, question, error)
        except IntegrityError:
            self._runs.pop(conversation.id)
            raise _taken() from None
        except BaseException:
            self._runs.pop(conversation.id)
            raise
        self._live.ring(conversation.id)
        run.tell(Accepted(question))
        asked = Asked(conversation, question, run.answer, _before(history, question), reader, language)
        run.task = asyncio.get_running_loop().create_task(self._work(run, asked, answer))
        if self._store.database.shared:
            watching = stop_when_told(run, conversation.id, self._store, self._live)
            stopping = asyncio.get_running_loop().create_task(watching)
            run.task.add_done_callback(lambda _: stopping.cancel())
        return run

    def _beginning(
        self, *, title: str = "", again: bool = False, opening: Conversation | None = None
    ) -> Callable[[Message, Message], bool]:
        alive = now() - 2 * timedelta(seconds=self._room.limits.turn_seconds)
        return partial(self._store.turns.begin, title=title, again=again, alive_since=alive, opening=opening)

    async def _met(self, conversation: Conversation, question: Message, error: TurnUnderWay) -> Run:
        """The turn that another process works on, where it is about the same question."""
        known = await asyncio.to_thread(self._store.messages.find, question.id)
        run = None if known is None else await self._known(conversation, known)
        if run is None or run.task is None:
            raise Refused(409, "busy", error.message, hint=error.hint)
        return run

    async def _passed_on(self, question: Message) -> Run:
        """What was said to a person, kept; nobody else answers."""
        await asyncio.to_thread(self._store.messages.add, question)
        self._live.ring(question.conversation)
        self._live.ring(INBOX)
        return Run(question.id, "", [Accepted(question), Ended()])

    def _check_room(self, conversation: Conversation) -> None:
        if conversation.id in self._runs:
            raise Refused(
                409, "busy", "The question before is still being answered:", hint="wait for the answer, or stop it."
            )
        self._room.check()

    async def _known(self, conversation: Conversation, question: Message) -> Run:
        """The turn of a question that was asked before: the client did not hear that it arrived."""
        if question.conversation != conversation.id or question.role != "user":
            raise _taken()
        run = self._runs.get(conversation.id)
        if run is not None and run.question == question.id:
            return run
        said = await asyncio.to_thread(self._store.messages.of, conversation.id)
        answer = next((one for one in said if one.answers == question.id), None)
        if answer is not None and answer.status == "pending" and self._store.database.shared:
            run = Run(question.id, answer.id, [Accepted(question)])
            following = follow_elsewhere(run, answer, self._store, self._live, seconds=self._room.limits.turn_seconds)
            run.task = asyncio.get_running_loop().create_task(following)
            return run
        events: list[TurnEvent] = [Accepted(question), *([Answered(answer)] if answer else []), Ended()]
        return Run(question.id, answer.id if answer else "", events)

    async def _work(self, run: Run, asked: Asked, answer: Message) -> None:
        """Answer, keep the answer, and tell it; whatever happens, the turn ends."""
        told: list[TurnEvent] = [failure_of(AssertionError("the turn has no end"), asked.language)]
        waits = False
        try:
            worked = await self._working.work(run, asked, answer, Journal(run.answer, run.tell), self._answering)
            failure = [failure_of(worked.error, asked.language)] if isinstance(worked.error, Exception) else []
            told = [*failure, Answered(worked.outcome.message)]
            waits = worked.outcome.state is not None
        finally:
            self._runs.pop(asked.conversation.id, None)
            for event in (*told, Ended()):
                run.tell(event)
            self._live.ring(asked.conversation.id)
            if waits:
                self._live.ring(INBOX)


def _pending(question: Message, run: Run) -> Message:
    return Message(run.answer, question.conversation, "assistant", "", "", now(), status="pending", answers=question.id)


def _title(conversation: Conversation, text: str) -> str:
    """What an untitled conversation is called: the first that asks something, cut between words."""
    if conversation.title or courtesy(text) is not None:
        return ""
    line = " ".join(text.split())
    return line if len(line) <= TITLE_CHARS else f"{line[: TITLE_CHARS - 1].rsplit(' ', 1)[0]}…"


def _before(history: Sequence[Message], question: Message) -> tuple[Message, ...]:
    """What was said before the question."""
    ids = [message.id for message in history]
    return tuple(history[: ids.index(question.id)] if question.id in ids else history)


def _taken() -> Refused:
    return Refused(409, "id_taken", "Another message has this id:", hint="send each message under an id of its own.")
