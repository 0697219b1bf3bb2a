"""A turn that another process works on: its answer is told as soon as it stands in the database."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from knowledge.errors import RefdeskError
from serve.live import Live
from serve.store.messages import Message
from serve.store.store import Store
from serve.turns.events import Answered, Ended, Failed
from serve.turns.run import Run

# Without Redis nobody knocks; the database is asked so often then, in seconds.
LOOK_EVERY = 1.0


async def follow_elsewhere(run: Run, answer: Message, store: Store, live: Live, *, seconds: float) -> None:
    """Wait, at most for `seconds`, until the answer is kept, and tell it to whoever follows `run`."""
    clock = asyncio.get_running_loop().time
    end = clock() + seconds
    found: Message | None = answer
    try:
        with live.listen(answer.conversation) as bell:
            while found is not None and found.status == "pending" and clock() < end:
                await bell.wait(LOOK_EVERY)
                found = await asyncio.to_thread(store.messages.find, answer.id)
        if found is not None:
            run.tell(Answered(found))
    except RefdeskError as error:
        run.tell(Failed("storage_failed", error.message, error.hint))
    finally:
        run.tell(Ended())


async def stop_when_told(run: Run, conversation: str, store: Store, live: Live) -> None:
    """Give up the turn when another process says so; ends when it is cancelled."""
    told = False
    with live.listen(conversation) as bell:
        while not told:
            await bell.wait(LOOK_EVERY)
            with suppress(RefdeskError):  # another time, then
                told = await asyncio.to_thread(store.turns.is_to_stop, run.answer)
    run.stop()
