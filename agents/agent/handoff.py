"""Passing a conversation on: one agent takes over from another, with what was said so far."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agents.access import may_hear
from agents.agent.calls import Turn, current_call
from agents.exceptions import AgentError, ToolError
from agents.message.msg import Msg, as_msg
from knowledge.types import ANYONE, Reader

if TYPE_CHECKING:
    from pydantic import BaseModel

    from agents.agent.agent import AgentBase

HANDOFF = "handoff"
MOST_IN_A_ROW = 8
TOO_MANY = "The conversation was passed on {count} times without an answer:"

# Task-local by design: how often the conversation was passed on within the calls that led here.
_PASSED_ON: ContextVar[int] = ContextVar("passed_on", default=0)


@dataclass(frozen=True, slots=True)
class Handoff:
    """Who takes over, and what the one who passes on wants them to know."""

    target: Any
    briefing: str = ""


def handoff_to(
    agent: AgentBase, *, name: str | None = None, description: str | None = None
) -> Callable[[str], Awaitable[str]]:
    """A tool that passes the conversation on to `agent`, whose reply then is the reply of the agent that called it.

    It is called `transfer_to_<agent>` and described by the agent's system prompt unless told otherwise. What the other
    may not read is not passed on. A conversation that is passed on in circles is stopped after 8 times.
    """

    async def transfer(briefing: str = "") -> str:
        call = current_call()
        if call is None or not isinstance(getattr(call, "turn", None), Turn):
            raise ToolError("A conversation is passed on by an agent that is replying.")
        if call.agent is agent:
            raise ToolError(f"{agent.name} has the conversation already.")
        if _PASSED_ON.get() >= MOST_IN_A_ROW:
            raise ToolError(TOO_MANY.format(count=MOST_IN_A_ROW), hint="answer yourself.")
        if not all(may_hear(_reader(agent), msg) for msg in call.turn.messages):
            raise ToolError(f"{agent.name} may not read what this is about:", hint="answer yourself.")
        call.turn.handoff = Handoff(agent, briefing)
        return f"{agent.name} takes over."

    transfer.__name__ = name or f"transfer_to_{re.sub(r'[^a-zA-Z0-9]+', '_', agent.name).strip('_').lower() or 'agent'}"
    transfer.__doc__ = "\n\n".join(
        (
            description or f"Pass the conversation on to {agent.name}. {getattr(agent, 'sys_prompt', '')}".strip(),
            "Args:\n    briefing: What they should know beside what was said, such as what was tried.",
        )
    )
    return transfer


async def hand_off(
    source: AgentBase,
    target: AgentBase,
    msg: Msg | str | None = None,
    *,
    structured_model: type[BaseModel] | None = None,
) -> Msg:
    """`target` takes the conversation of `source` over: it hears what was said, and its reply to `msg` is given.

    Without `msg` it replies to what was said last. What `target` may not read is left out.
    """
    said = source.memory.get_memory() if source.memory is not None else []
    return await _continued(source, target, said, [] if msg is None else [as_msg(msg)], structured_model)


async def pass_on(source: AgentBase, turn: Turn, structured_model: type[BaseModel] | None = None) -> Msg:
    """The reply of the agent that takes over in the middle of a turn of `source`."""
    handoff: Handoff = turn.handoff
    turn.handoff = None
    asked = [msg for msg in turn.messages if msg.name != source.name and not _is_result(msg)]
    told = [Msg(source.name, handoff.briefing)] if handoff.briefing.strip() else []
    said = [*turn.history, *turn.messages]
    reply = await _continued(source, handoff.target, said, [*told, *asked[-1:]], structured_model)
    # In a hub the source has heard the reply already; it belongs to the end of the turn that is still under way.
    if source.memory is not None and source.memory.get_memory(filter={"id": reply.id}):
        source.memory.delete(reply.id)
    return reply


async def _continued(
    source: AgentBase,
    target: AgentBase,
    said: Sequence[Msg],
    asked: list[Msg],
    structured_model: type[BaseModel] | None,
) -> Msg:
    passed_on = _PASSED_ON.get() + 1
    if passed_on > MOST_IN_A_ROW:
        raise AgentError(TOO_MANY.format(count=MOST_IN_A_ROW), hint="let one of the agents answer.")
    token = _PASSED_ON.set(passed_on)
    try:
        known = {msg.id for msg in asked}
        await target.observe([msg for msg in _words(said, _reader(target)) if msg.id not in known])
        reply = await target(asked or None, structured_model)
    finally:
        _PASSED_ON.reset(token)
    reply.metadata.setdefault(HANDOFF, {"from": source.name, "to": target.name})
    return reply


def _words(messages: Iterable[Msg], reader: Reader) -> list[Msg]:
    """What was said that `reader` may hear, without the tools that were used meanwhile."""
    heard = [msg for msg in messages if may_hear(reader, msg) and not _is_result(msg)]
    return [
        replace(msg, content=msg.text) if msg.has_content_blocks("tool_use") else msg for msg in heard if _says(msg)
    ]


def _says(msg: Msg) -> bool:
    return msg.has_content_blocks(("text", "image", "audio", "video"))


def _is_result(msg: Msg) -> bool:
    return msg.has_content_blocks("tool_result")


def _reader(agent: Any) -> Reader:
    reader = getattr(agent, "reader", ANYONE)
    return reader if isinstance(reader, Reader) else ANYONE
