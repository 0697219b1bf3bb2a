"""A question that is asked again after it got no answer: it is one question, and stands in the conversation once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

from agents.agent.calls import TURN
from agents.agent.speaking import CUT_OFF
from agents.agent.window import size
from agents.message.msg import Msg

# A turn that has grown longer is not gone on with: unlike what was said before, a turn is never cut to the window.
MOST = 20_000


def resumed(told: Sequence[Msg], history: Sequence[Msg]) -> list[Msg]:
    """What a turn begins with: `told`, or where the last turn ended without a reply to the same, that turn so far.

    Equal is what the same speaker says in the same words, whatever its id. What was only observed is never resumed.
    """
    before = _unanswered(history)
    same = len(before) >= len(told) > 0 and all(map(_same, told, before))
    if not same or sum(map(size, before)) > MOST:
        return list(told)
    return [*(replace(said, id=known.id) for said, known in zip(told, before, strict=False)), *before[len(told) :]]


def _unanswered(history: Sequence[Msg]) -> list[Msg]:
    """The messages of the last turn, where it ended without a reply."""
    turn = history[-1].metadata.get(TURN) if history else None
    if turn is None or _is_reply(history[-1]):
        return []
    return list(takewhile(lambda msg: msg.metadata.get(TURN) == turn, reversed(history)))[::-1]


def _is_reply(msg: Msg) -> bool:
    return msg.role == "assistant" and not (msg.metadata.get(CUT_OFF) or msg.has_content_blocks("tool_use"))


def _same(one: Msg, other: Msg) -> bool:
    return (one.name, one.role, one.content) == (other.name, other.role, other.content)
