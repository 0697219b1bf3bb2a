"""One call of an agent while it runs: what it adds to the conversation, and how it is steered from outside."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Generator, Iterable, Sequence
from contextvars import ContextVar, Token
from dataclasses import dataclass, field, replace
from typing import Any

from agents.access import KEY, access_of
from agents.message.msg import Msg, new_id
from agents.model.response import Usage

TURN = "turn"
# Under this key a message of tool results carries, by place, what memory keeps of a result instead of all of it.
KEPT = "kept"


@dataclass(slots=True)
class Turn:
    """What one call adds to its agent's conversation, kept apart until the call ends.

    `messages` are input, tool calls with their results, and reply, in order; whatever happens, no tool call in them
    is without its result. `inbox` holds what was said to the agent meanwhile and no model call has seen yet. `access`
    collects whose eyes everything is for that was read or heard. `history` is the conversation as it was when the call
    began, `recalled` what was looked up for it and is not part of it. Only a turn that is `kept` goes to memory.
    `handoff` is the agent that takes the conversation over, where a tool has named one.
    """

    id: str = field(default_factory=new_id)
    messages: list[Msg] = field(default_factory=list)
    inbox: deque[Msg] = field(default_factory=deque)
    usage: Usage | None = None
    access: set[frozenset[str]] = field(default_factory=set)
    history: list[Msg] = field(default_factory=list)
    recalled: list[Msg] = field(default_factory=list)
    handoff: Any = None
    kept: bool = False

    def note(self, messages: Iterable[Msg]) -> None:
        """Add messages to the turn; one that it holds already is not added again."""
        known = {msg.id for msg in self.messages}
        self.messages += [msg for msg in messages if msg.id not in known]

    def heard(self, messages: Iterable[Msg]) -> None:
        """Note whose eyes these messages are for: what is said in their light is for the same."""
        for msg in messages:
            if KEY in msg.metadata:
                self.access |= access_of(msg)

    def take_inbox(self) -> bool:
        """Move what was said meanwhile into the turn; tells whether there was anything."""
        said = bool(self.inbox)
        while self.inbox:
            self.note([self.inbox.popleft()])
        return said

    def spend(self, usage: Usage | None) -> None:
        """Count what a model call took."""
        if usage is not None:
            self.usage = self.usage + usage if self.usage else usage

    def to_remember(self) -> list[Msg]:
        """The messages, each with the turn's id; they are copies, since other agents may hold the same ones."""
        return [_as_kept(msg, self.id) for msg in self.messages]


def _blocks(msg: Msg) -> list[Any]:
    return list(msg.get_content_blocks())


def _as_kept(msg: Msg, turn_id: str) -> Msg:
    metadata = {**msg.metadata, TURN: turn_id}
    kept = metadata.pop(KEPT, None)
    if not kept:
        return replace(msg, metadata=metadata)
    blocks: list[Any] = [
        {**block, **({"output": kept[at]} if at in kept else {})} for at, block in enumerate(_blocks(msg))
    ]
    return replace(msg, metadata=metadata, content=blocks)


class Call:
    """A call of `agent` that is under way."""

    def __init__(self, agent: Any) -> None:
        self.agent = agent
        self.turn = Turn()
        self.stopped = False
        self._orders: list[Msg] = []
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[Msg] | None = None

    @property
    def id(self) -> str:
        """The id of the turn; `metadata["turn"]` of its messages."""
        return self.turn.id

    @property
    def steered(self) -> bool:
        """Whether an order waits to be followed."""
        return self.stopped or bool(self._orders)

    def start(self, writing: Coroutine[Any, Any, Msg]) -> asyncio.Task[Msg]:
        """A task of its own for the reply, so that giving it up ends nothing else."""
        self._task = self._loop.create_task(writing)
        return self._task

    def redirect(self, *instructions: Msg) -> None:
        """Give up what runs, and answer these in its place."""
        given_up = self.steered
        self._orders += instructions
        if not given_up:
            self._give_up()

    def stop(self) -> None:
        """Give up what runs, and answer nothing in its place."""
        given_up = self.steered
        self.stopped = True
        if not given_up:
            self._give_up()

    def orders(self) -> list[Msg]:
        """The new instructions, oldest first; they are taken."""
        taken, self._orders = self._orders, []
        return taken

    def _give_up(self) -> None:
        if self._task is None:
            return
        try:
            here = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            here = False
        if here:
            self._task.cancel()
        else:  # asked for by another thread
            self._loop.call_soon_threadsafe(self._task.cancel)


class Done:
    """Nothing to wait for: what was asked for has happened, and may be awaited all the same."""

    def __await__(self) -> Generator[Any, None, None]:
        return
        yield  # makes this a generator


# Task-local by design: what an agent's tools and models do belongs to the call in which they do it.
_CALL: ContextVar[Call | None] = ContextVar("call", default=None)


def current_call() -> Call | None:
    """The call within which this code runs; None outside any."""
    return _CALL.get()


def enter_call(call: Call | None) -> Token[Call | None]:
    """Make `call` the current one of this task; gives what `leave_call` takes."""
    return _CALL.set(call)


def leave_call(token: Token[Call | None]) -> None:
    """The current call is again what it was."""
    _CALL.reset(token)


def newest(calls: Sequence[Call], call_id: str | None) -> Call | None:
    """The call with that id, or the newest one; None where there is none."""
    wanted = [call for call in calls if call_id is None or call.id == call_id]
    return wanted[-1] if wanted else None
