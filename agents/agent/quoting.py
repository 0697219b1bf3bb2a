"""What a knowledge agent without a model answers: sentences that its desk finds, quoted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from agents.answers.going_on import TURNS_READ, goes_on
from knowledge.answers.followup import speaks_of
from knowledge.types import Answer

if TYPE_CHECKING:
    from agents.answers.desk import Desk
    from agents.message.msg import Msg


def spoken(history: Sequence[Msg], name: str) -> tuple[str, ...]:
    """What the last messages to and from the agent `name` say, oldest first, without answers that are none."""
    said = [one for one in history if one.text.strip() and not one.has_content_blocks(("tool_use", "tool_result"))]
    kept = [one.text for one in said if not (one.name == name and one.metadata.get("abstained"))]
    return tuple(kept[-2 * TURNS_READ :])


async def extracted(desk: Desk, question: str, history: Sequence[str] = ()) -> Answer:
    """The best sentences for `question`, after the turns of `history`, or an abstention."""
    from knowledge.answers.answering import answer
    from knowledge.bank import READ_FOR_ANSWER

    desk.limit = READ_FOR_ANSWER
    passages = await desk.search(question, history=history)
    sources = desk.sources
    return await asyncio.to_thread(answer, question, passages, sources.embedder(), thresholds=sources.thresholds())


async def likeliest(desk: Desk, meanings: Sequence[str], history: Sequence[str]) -> Answer:
    """The answer in the light of `history` where the question goes on with it, else to the likeliest meaning."""
    if history and (answer := await _after(desk, meanings, history)):
        return answer
    answer = await extracted(desk, meanings[0])
    for meaning in meanings[1:]:
        if not answer.abstained:
            break
        other = await extracted(desk, meaning)
        if not other.abstained and speaks_of(desk.asked, other):
            answer = other
    return answer


async def _after(desk: Desk, meanings: Sequence[str], history: Sequence[str]) -> Answer | None:
    alone, after = await asyncio.gather(desk.search(desk.asked), desk.search(desk.asked, history=history))
    if not goes_on(alone, after):
        return None
    answer = await extracted(desk, desk.asked, history)
    if answer.abstained or not speaks_of(desk.asked, answer):
        return None
    return replace(answer, question=next((one for one in meanings if one != desk.asked), desk.asked))
