"""Works on one turn: has it answered, keeps the answer with all it took, and says what came of it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from time import perf_counter

from sqlalchemy.exc import IntegrityError

from agents.metering import metered
from knowledge.errors import ModelError, RefdeskError
from serve.http.failures import Refused
from serve.languages import said_in
from serve.metrics import Metrics, count_turn
from serve.store.messages import Message
from serve.store.store import Store
from serve.store.turns import Ending, Outcome
from serve.turns.flow import Answering
from serve.turns.journal import Journal
from serve.turns.outcomes import complete, failed, failure_of
from serve.turns.reply import Asked, Reply
from serve.turns.room import Room
from serve.turns.run import Run

logger = logging.getLogger(__name__)
STOPPED = "Stopped."


@dataclass(frozen=True, slots=True)
class Worked:
    """What came of a turn: how it is kept, and the reply, or what kept it from being one."""

    outcome: Outcome
    reply: Reply | None = None
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Working:
    """Works on turns, each in its place of the room."""

    store: Store
    room: Room
    metrics: Metrics

    async def work(self, run: Run, asked: Asked, answer: Message, journal: Journal, by: Answering) -> Worked:
        """Let `by` answer, and keep what came of it in place of `answer`, which is pending. Raises nothing."""
        began = perf_counter()
        worked = await self._worked(run, asked, answer, journal, by)
        journal.timings["total"] = perf_counter() - began
        outcome = replace(
            worked.outcome,
            timings={name: round(seconds, 4) for name, seconds in journal.timings.items()},
            retrieved=tuple(journal.retrieved),
            tools=tuple(journal.tools),
            models=journal.models,
        )
        unkept = await self._keep(outcome)
        count_turn(self.metrics, outcome)
        return replace(worked, outcome=outcome, error=worked.error or unkept)

    async def _worked(self, run: Run, asked: Asked, answer: Message, journal: Journal, by: Answering) -> Worked:
        try:
            async with self.room.place():
                with metered(journal):
                    reply = await by.answer(asked, journal)
        except asyncio.CancelledError as error:
            ending: Ending = "stopped" if run.stopped else "failed"
            shown = journal.shown.strip() or said_in(asked.language, STOPPED)
            stopped = replace(answer, status=ending, text=shown, citations=journal.cited)
            return Worked(Outcome(stopped, ending), error=error)
        except Exception as error:  # the edge of a turn: it ends with one sentence, and the log has the cause
            why = failure_of(error, asked.language)
            if why.code == "failed":
                logger.error("the turn %s failed", answer.id, exc_info=error)
            elif isinstance(error, ModelError):
                logger.warning("the turn %s failed: %s", answer.id, error)
            return Worked(failed(answer, why, error), error=error)
        return Worked(complete(answer, reply), reply)

    async def _keep(self, outcome: Outcome) -> Exception | None:
        """Keep it; gives what is in the way, if anything."""
        try:
            await asyncio.shield(asyncio.to_thread(self.store.turns.finish, outcome))
        except RefdeskError as error:
            return error
        except IntegrityError:  # another process has deleted the conversation
            return Refused(404, "conversation_not_found", "The conversation was deleted meanwhile.")
        return None
