"""What every agent is: it replies, observes and prints, can be steered while it works, and has hooks around it all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from agents.access import mark, note_access, noting_access
from agents.agent.agent_class import AgentMeta, Hookable
from agents.agent.calls import Call, Done, current_call, enter_call, leave_call, newest
from agents.agent.console import Console
from agents.exceptions import AgentCallError, AgentError
from agents.message.msg import Msg, as_msg, new_id
from agents.model.response import Usage
from agents.session.state import StateModule
from agents.studio.watching import show
from agents.tracing import content
from agents.tracing.spans import span
from knowledge.errors import ModelError, UsageError
from knowledge.types import Reader

if TYPE_CHECKING:
    from pydantic import BaseModel

    from agents.memory.memory import MemoryBase

Input = Msg | str | Sequence[Msg | str] | None
INTERRUPTED = "_is_interrupted"
STOPPED = "I was interrupted before I finished. What can I do for you?"


class Audience(Protocol):
    """Hears what an agent replies: a hub, a studio."""

    async def heard(self, speaker: AgentBase, msg: Msg) -> None:
        """`speaker` has replied `msg`."""
        ...


class AgentBase(StateModule, Hookable, metaclass=AgentMeta):
    """An agent. A subclass says in `reply` what it answers.

    `await agent(msg)` takes a message, a text, several of them, or nothing. Calls of one agent may overlap: each works
    on the conversation as it was when the call began, and adds its turn as a whole when it ends, also when it fails
    or is cancelled. `roles` say what the agent may read (`agent.reader`).

    While it works, `task.cancel()` ends a call, `interrupt` stops it with a short reply, `handle_interrupt` gives it
    another task, and `inject` lets its next model call see a message. With several calls under way a new instruction
    goes to the newest one, or to the one whose id is given; a stop goes to all.
    """

    name: str = ""
    memory: MemoryBase | None = None
    console: Console = Console()
    enable_interruption: bool = True
    TRANSIENT: ClassVar[frozenset[str]] = frozenset({"console", "reader", "enable_interruption"})

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        # Made here, so that a subclass may set attributes before it calls `super().__init__()`, or forget to.
        made = super().__new__(cls)
        made._id = new_id()
        made._hooks = type(cls._class_hooks)()
        made._audiences = []
        made._calls = []
        made._silent = False
        made.reader = Reader()
        return made

    _id: str
    _audiences: list[Audience]
    _calls: list[Call]
    _silent: bool
    reader: Reader

    def __init__(self, name: str = "", *, roles: Sequence[str] = (), enable_interruption: bool = True) -> None:
        super().__init__()
        self.name = name or self.name or type(self).__name__
        self.reader = Reader(frozenset(roles))
        self.enable_interruption = enable_interruption

    @property
    def id(self) -> str:
        """An identity that no other agent has; it is not part of the state."""
        return self._id

    @property
    def audiences(self) -> list[Audience]:
        """Who hears what this agent replies."""
        return self._audiences

    @property
    def running(self) -> tuple[str, ...]:
        """The ids of the calls under way, oldest first; messages of a call carry its id in `metadata["turn"]`."""
        return tuple(call.id for call in self._calls)

    async def __call__(self, msg: Input = None, structured_model: type[BaseModel] | None = None, **kwargs: Any) -> Msg:
        """The agent's reply, which its audiences have heard by then.

        Raises `AgentCallError` when its model fails, with the cause; whatever happens, the agent stays usable.
        """
        if structured_model is not None:
            kwargs["structured_model"] = structured_model
        asked = as_input(msg)
        show(asked, listener=self.name)
        call = Call(self)
        self._calls.append(call)
        try:
            reply = await self._answered(call, asked, kwargs)
        finally:
            self._calls.remove(call)
            self._keep(call)
            note_access(call.turn.access)
        show(reply)
        for audience in tuple(self._audiences):
            await audience.heard(self, reply)
        return reply

    async def reply(self, *args: Any, **kwargs: Any) -> Msg:
        """The answer to a message, to several, or to nothing: what every kind of agent does in its own way."""
        raise NotImplementedError(
            f"{type(self).__name__} says nothing: it needs a method `async def reply(self, msg)`."
        )

    async def observe(self, msg: Input) -> None:
        """Hear `msg` without answering: it is part of the conversation from then on."""
        heard = as_input(msg)
        if self.memory is not None and heard is not None:
            await self.memory.add(heard)

    async def print(self, msg: Msg, last: bool = True) -> None:
        """Show `msg` on a terminal, what of it has not been shown yet; `last` when nothing more of it will come."""
        if not self._silent:
            self.console.show(msg, last=last)

    async def _show(self, said: Msg, *, last: bool) -> None:
        """Print what a model says, as far as it has come; an agent that checks its words first shows none yet."""
        await self.print(said, last)

    def set_console_output_enabled(self, enabled: bool) -> None:
        """Show what this agent says on a terminal, or not."""
        self._silent = not enabled

    @property
    def is_silent(self) -> bool:
        """Whether nothing of what this agent says is shown."""
        return self._silent

    def disable_console_output(self) -> None:
        """Show nothing of what this agent says."""
        self._silent = True

    async def handle_interrupt(self, *args: Any, **kwargs: Any) -> Msg | None:
        """Answer `msg`, the first argument, in place of what is being worked on.

        The request that runs is given up, its task and what was done stay in the conversation, and whoever awaits the
        call gets the new answer. `call` names one of several calls. When nothing runs, or the agent was made with
        `enable_interruption=False`, `msg` is observed. Within a call that `interrupt` stopped, gives its last words.
        """
        stopped = current_call()
        if stopped is not None and stopped.agent is self and stopped.stopped:
            return Msg(self.name, STOPPED, "assistant", {INTERRUPTED: True})
        given = as_input(args[0] if args else kwargs.get("msg"))
        if given is None:
            raise UsageError("An interruption needs a message with the new task:", hint="`interrupt()` only stops.")
        call = newest(self._calls, kwargs.get("call"))
        if call is None or not self.enable_interruption:
            await self.observe(given)
        else:
            call.redirect(*given if isinstance(given, list) else [given])
        return None

    def interrupt(self, msg: Input = None, *, call: str | None = None) -> Awaitable[object]:
        """Stop every call under way, or the one whose id is given; each ends with a reply that says so.

        With a message, as `handle_interrupt`. Takes effect at once and may be awaited. Raises `UsageError` when the
        agent was made with `enable_interruption=False`.
        """
        if not self.enable_interruption:
            raise UsageError(f"{self.name} was made with enable_interruption=False:", hint="cancel the task instead.")
        if msg is not None:
            return asyncio.ensure_future(self.handle_interrupt(msg, call=call))
        for running in self._calls:
            if call is None or running.id == call:
                running.stop()
        return Done()

    def inject(self, msg: Msg | str, *, call: str | None = None) -> Awaitable[object]:
        """Let the next model call of the call under way see `msg`; when nothing runs, it is observed.

        Takes effect at once and may be awaited.
        """
        running = newest(self._calls, call)
        if running is None:
            return asyncio.ensure_future(self.observe(msg))
        running.turn.inbox.append(as_msg(msg))
        return Done()

    async def _answered(self, call: Call, asked: Msg | list[Msg] | None, kwargs: dict[str, Any]) -> Msg:
        """The reply to the last instruction that came while the call ran."""
        caller = asyncio.current_task()
        cancelled = caller.cancelling() if caller else 0
        while True:
            task = call.start(self._run(call, asked, kwargs))
            try:
                reply = await task
            except asyncio.CancelledError:
                if (caller and caller.cancelling() > cancelled) or not call.steered:
                    raise
            if call.stopped:
                return self._finished(call, await self._last_words(call, asked, kwargs))
            orders = call.orders()
            if not orders:
                return reply
            asked = orders if len(orders) > 1 else orders[0]

    async def _run(self, call: Call, asked: Msg | list[Msg] | None, kwargs: dict[str, Any]) -> Msg:
        enter_call(call)  # this task's own context, which ends with it
        attributes = {"gen_ai.agent.name": self.name, "gen_ai.agent.id": self.id}
        with span("invoke_agent", self.name, attributes) as opened, noting_access(call.turn.access):
            opened.content("gen_ai.input.messages", lambda: content.said(asked))
            try:
                reply = self._finished(call, await self.reply(asked, **kwargs))
            except ModelError as error:
                raise AgentCallError(f"{self.name}: {error.message}", agent=self.name, hint=error.hint) from error
            if call.turn.usage:
                opened.set("gen_ai.usage.input_tokens", call.turn.usage.input_tokens)
                opened.set("gen_ai.usage.output_tokens", call.turn.usage.output_tokens)
            opened.content("gen_ai.output.messages", lambda: content.said(reply))
            return reply

    async def _last_words(self, call: Call, asked: Msg | list[Msg] | None, kwargs: dict[str, Any]) -> Msg | None:
        token = enter_call(call)
        try:
            return await self.handle_interrupt(asked, **kwargs)
        finally:
            leave_call(token)

    def _finished(self, call: Call, said: object) -> Msg:
        """What was said as the message that leaves the agent, with what it took and whose eyes it is for."""
        if not isinstance(said, Msg | str):
            raise AgentError(f"The reply of {self.name} is {type(said).__name__}:", hint="give a message.")
        reply = mark(as_msg(said, name=self.name), call.turn.access)
        if usage := call.turn.usage:
            reply.metadata["usage"] = usage_data(usage)
        if call.turn.kept:
            call.turn.note([reply])
        return reply

    def _keep(self, call: Call) -> None:
        """Put the turn into memory as a whole, with what was said meanwhile and not answered any more."""
        turn = call.turn
        if self.memory is None or not turn.kept:
            return
        turn.take_inbox()
        turn.note(call.orders())
        if turn.messages:
            self.memory.append_turn(turn.to_remember())


def usage_data(usage: Usage) -> dict[str, Any]:
    """What was used, as JSON-able data."""
    return {item.name: getattr(usage, item.name) for item in fields(usage)} | {"total_tokens": usage.total_tokens}


def as_input(value: object) -> Msg | list[Msg] | None:
    """What an agent was given, as messages; raises `UsageError` for what is none."""
    if value is None or isinstance(value, Msg):
        return value
    if isinstance(value, list | tuple):
        return [as_msg(item) for item in value]
    return as_msg(value)  # type: ignore[arg-type]  # `as_msg` says what it takes
