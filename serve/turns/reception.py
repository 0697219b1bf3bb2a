"""Takes questions, lets each be worked on, and keeps what came of it, whoever stays to hear."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from time import perf_counter

from sqlalchemy.exc import IntegrityError

from agents.metering import metered
from knowledge.errors import RefdeskError
from knowledge.types import Reader
from serve.config.settings import Limits
from serve.http.failures import Refused, status_of
from serve.live import INBOX, Live
from serve.metrics import Metrics, count_turn
from serve.store.conversations import Conversation
from serve.store.messages import Message
from serve.store.schema import new_id, now
from serve.store.store import Store
from serve.store.turns import Ending, Outcome, TurnUnderWay
from serve.turns.elsewhere import follow_elsewhere, stop_when_told
from serve.turns.events import Accepted, Answered, Ended, Failed, TurnEvent
from serve.turns.flow import Answering
from serve.turns.journal import Journal
from serve.turns.outcomes import complete, failed
from serve.turns.reply import Asked, Reply
from serve.turns.run import Run

logger = logging.getLogger(__name__)
TITLE_CHARS = 80
BUSY_SECONDS = 5
CUSTOMER = "customer"
STOPPED = "Stopped."
UNEXPECTED = "Something went wrong here."


@dataclass(slots=True)
class _Load:
    waiting: int = 0
    draining: bool = False


class Reception:
    """One turn at a time in each conversation, `limits.turns` at a time in all; more wait, in turn."""

    def __init__(
        self, store: Store, live: Live, answering: Answering, limits: Limits, metrics: Metrics | None = None
    ) -> None:
        self._store = store
        self._live = live
        self._answering = answering
        self._limits = limits
        self._metrics = metrics or Metrics()
        self._slots = asyncio.Semaphore(limits.turns)
        self._runs: dict[str, Run] = {}
        self._load = _Load()

    @property
    def under_way(self) -> int:
        """How many turns are worked on, or wait for it."""
        return len(self._runs)

    @property
    def waiting(self) -> int:
        """How many turns wait for one of the places in which they are worked on."""
        return self._load.waiting

    def run_of(self, conversation: str) -> Run | None:
        """The turn that is under way in a conversation."""
        return self._runs.get(conversation)

    async def ask(self, conversation: Conversation, id: str, text: str, reader: Reader) -> Run:
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
        run = await self._begun(conversation, question, reader, title=_title(conversation, text))
        return run or await self._passed_on(question)

    async def retry(self, conversation: Conversation, id: str, reader: Reader) -> Run:
        """Answer again what the message `id` asked or answered; the answer until now gives way."""
        message = await asyncio.to_thread(self._store.messages.find, id)
        if message is not None and message.role != "user" and message.answers:
            message = await asyncio.to_thread(self._store.messages.find, message.answers)
        if message is None or message.conversation != conversation.id or message.role != "user":
            raise Refused(404, "message_not_found", "There is no such message in this conversation.")
        run = await self._begun(conversation, message, reader, again=True) if conversation.state == "bot" else None
        if run is None:
            raise Refused(409, "with_a_person", "A person answers in this conversation now.")
        return run

    async def once(self, asked: Asked, journal: Journal, by: Answering) -> Reply:
        """What `by` answers somebody who keeps the conversation themselves; it waits for its turn as all others do.

        Raises `Refused` where too many wait, and what keeps a turn from being answered.
        """
        self._check_room(asked.conversation)
        return await self._reply(asked, journal, by)

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
        if limits.turns != self._limits.turns:
            self._slots = asyncio.Semaphore(limits.turns)
        self._limits = limits

    def stop_admitting(self) -> None:
        """Take no more questions: the service is about to end."""
        self._load.draining = True

    @property
    def is_draining(self) -> bool:
        """Whether no more questions are taken."""
        return self._load.draining

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
        self, conversation: Conversation, question: Message, reader: Reader, *, title: str = "", again: bool = False
    ) -> Run | None:
        """The turn, begun; None where a person has taken the conversation over by now."""
        self._check_room(conversation)
        run = Run(question.id, new_id())
        self._runs[conversation.id] = run
        answer = Message(run.answer, conversation.id, "assistant", "", "", now(), status="pending", answers=question.id)
        try:
            history = await asyncio.to_thread(self._store.messages.of, conversation.id)
            if len(history) >= self._limits.messages:
                raise Refused(409, "conversation_full", "This conversation is long enough:", hint="begin a new one.")
            alive = now() - 2 * timedelta(seconds=self._limits.turn_seconds)
            begin = partial(self._store.turns.begin, title=title, again=again, alive_since=alive)
            if not await asyncio.to_thread(begin, question, answer):
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
        asked = Asked(conversation, question, run.answer, _before(history, question), reader)
        run.task = asyncio.get_running_loop().create_task(self._work(run, asked, answer))
        if self._store.database.shared:
            watching = stop_when_told(run, conversation.id, self._store, self._live)
            stopping = asyncio.get_running_loop().create_task(watching)
            run.task.add_done_callback(lambda _: stopping.cancel())
        return run

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
        if self._load.draining:
            raise Refused(
                503,
                "stopping",
                "The service is being restarted:",
                hint="try again in a moment.",
                retry_after=BUSY_SECONDS,
            )
        if conversation.id in self._runs:
            raise Refused(
                409, "busy", "The question before is still being answered:", hint="wait for the answer, or stop it."
            )
        if self._load.waiting >= self._limits.queue:
            raise Refused(
                503, "overloaded", "Too many questions wait already:", hint="try again soon.", retry_after=BUSY_SECONDS
            )

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
            following = follow_elsewhere(run, answer, self._store, self._live, seconds=self._limits.turn_seconds)
            run.task = asyncio.get_running_loop().create_task(following)
            return run
        events: list[TurnEvent] = [Accepted(question), *([Answered(answer)] if answer else []), Ended()]
        return Run(question.id, answer.id if answer else "", events)

    async def _work(self, run: Run, asked: Asked, answer: Message) -> None:
        """Answer, keep the answer, and tell it; whatever happens, the turn ends."""
        journal = Journal(run.answer, run.tell)
        began = perf_counter()
        outcome, failure = await self._outcome(run, asked, answer, journal)
        journal.timings["total"] = perf_counter() - began
        outcome = replace(
            outcome,
            timings={name: round(seconds, 4) for name, seconds in journal.timings.items()},
            retrieved=tuple(journal.retrieved),
            tools=tuple(journal.tools),
            models=journal.models,
        )
        try:
            await asyncio.shield(asyncio.to_thread(self._store.turns.finish, outcome))
        except RefdeskError as error:
            failure = failure or Failed("storage_failed", error.message, error.hint)
        except IntegrityError:  # another process has deleted the conversation
            failure = failure or Failed("conversation_not_found", "The conversation was deleted meanwhile.")
        finally:
            self._runs.pop(asked.conversation.id, None)
            count_turn(self._metrics, outcome)
            happened: list[TurnEvent] = [failure] if failure else []
            for event in (*happened, Answered(outcome.message), Ended()):
                run.tell(event)
            self._live.ring(asked.conversation.id)
            if outcome.state is not None:
                self._live.ring(INBOX)

    async def _outcome(
        self, run: Run, asked: Asked, answer: Message, journal: Journal
    ) -> tuple[Outcome, Failed | None]:
        try:
            reply = await self._reply(asked, journal, self._answering)
        except asyncio.CancelledError:
            ending: Ending = "stopped" if run.stopped else "failed"
            stopped = replace(answer, status=ending, text=journal.shown.strip() or STOPPED, citations=journal.cited)
            return Outcome(stopped, ending), None
        except TimeoutError:
            return failed(answer, Failed("timeout", "The answer took too long.", "Ask again, or ask for less."))
        except RefdeskError as error:
            return failed(answer, Failed(status_of(error)[1], error.message, error.hint))
        except Exception as error:  # the edge of a turn: it ends with one sentence, and the log has the cause
            logger.error("the turn %s failed", run.answer, exc_info=error)
            return failed(answer, Failed("failed", UNEXPECTED, "Try again."))
        return complete(answer, reply), None

    async def _reply(self, asked: Asked, journal: Journal, by: Answering) -> Reply:
        self._load.waiting += 1
        waiting = True
        try:
            async with asyncio.timeout(self._limits.turn_seconds), self._slots:
                self._load.waiting -= 1
                waiting = False
                with metered(journal):
                    return await by.answer(asked, journal)
        finally:
            self._load.waiting -= waiting


def _title(conversation: Conversation, text: str) -> str:
    """What an untitled conversation is called: its first question, cut between words."""
    if conversation.title:
        return ""
    line = " ".join(text.split())
    return line if len(line) <= TITLE_CHARS else f"{line[: TITLE_CHARS - 1].rsplit(' ', 1)[0]}…"


def _before(history: Sequence[Message], question: Message) -> tuple[Message, ...]:
    """What was said before the question."""
    ids = [message.id for message in history]
    return tuple(history[: ids.index(question.id)] if question.id in ids else history)


def _taken() -> Refused:
    return Refused(409, "id_taken", "Another message has this id:", hint="send each message under an id of its own.")
