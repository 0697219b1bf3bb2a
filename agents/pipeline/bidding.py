"""A hub that asks only those who are likely to know: each bids first, and bidding costs no model call."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeGuard

from agents.access import may_hear
from agents.exceptions import AgentError
from agents.message.msg import Msg, as_msg
from agents.pipeline.flow import copy_of
from agents.pipeline.hub import MsgHub, Participant, Said, reader_of
from agents.pipeline.pipeline import settled
from knowledge.errors import UsageError

log = logging.getLogger(__name__)
ABSTAINED = "abstained"


class Bidder(Participant, Protocol):
    """A participant who says how sure it is to have an answer, before anyone asks for it."""

    async def bid(self, msg: Msg) -> float:
        """The confidence that it can answer, 0 (not at all) to 1, on a scale that all bidders of a hub share."""
        ...

    async def __call__(self, msg: Msg) -> Msg:
        """Answer; `metadata["abstained"]` is true on an answer that is none."""
        ...


@dataclass(frozen=True, slots=True)
class Bid:
    """What one bidder thinks of a question."""

    bidder: Bidder
    confidence: float


class CostAwareHub(MsgHub):
    """A hub whose participants bid for a message, and of whom only the best are asked.

    Asked are the `most` highest bids of at least `threshold`, of those within `margin` of the highest, all at once;
    among equal bids those who joined first. When all of them abstain, the next `most`, up to `retries` times. Nobody
    bids for what they may not read. A bid that fails, or takes longer than `bid_timeout` seconds, counts as none.

    A hub is a step of a pipeline: called with a message it gives the best answer, or abstains. `metadata["bids"]` of
    the answer holds the bids by name. Within `async with`, the others hear the answers.
    """

    def __init__(
        self,
        participants: Sequence[Bidder],
        announcement: Said | Sequence[Said] | None = None,
        enable_auto_broadcast: bool = True,
        name: str | None = None,
        *,
        most: int = 1,
        threshold: float = 0.0,
        margin: float = 1.0,
        retries: int = 0,
        bid_timeout: float = 10.0,
        history: int = 100,
    ) -> None:
        super().__init__(participants, announcement, enable_auto_broadcast, name, history=history)
        if most < 1 or retries < 0:
            raise UsageError("`most` is 1 or more, and `retries` 0 or more.")
        self._most = most
        self._threshold = threshold
        self._margin = margin
        self._retries = retries
        self._bid_timeout = bid_timeout

    async def __call__(self, msg: Msg | str | Mapping[str, Any]) -> Msg:
        """The answer of the highest bidder who has one; else a message that abstains and says so."""
        question = as_msg(msg)
        bids = await self.bids(question)
        answers = await self._ask(question, self.chosen(bids))
        answer = next((one for one in answers if not one.metadata.get(ABSTAINED)), None)
        if answer is None:
            answer = answers[0] if answers else self._nobody(bids)
        answer.metadata["bids"] = {bid.bidder.name: round(bid.confidence, 4) for bid in bids}
        return answer

    async def bids(self, msg: Said) -> list[Bid]:
        """What every bidder thinks of the message, the highest first; equal bids in the order of joining."""
        question = as_msg(msg)
        bidders = [one for one in self.participants if is_bidder(one) and may_hear(reader_of(one), question)]
        made = await asyncio.gather(*(self._bid(one, question) for one in bidders))
        return sorted(made, key=lambda bid: -bid.confidence)

    def chosen(self, bids: Sequence[Bid]) -> list[Bid]:
        """Those who may be asked, the highest bid first."""
        floor = max(self._threshold, bids[0].confidence - self._margin) if bids else 0.0
        return [bid for bid in bids if bid.confidence > 0 and bid.confidence >= floor]

    async def _bid(self, bidder: Bidder, msg: Msg) -> Bid:
        waiting = asyncio.wait_for(_confidence(bidder, msg), self._bid_timeout)
        outcomes = await asyncio.gather(waiting, return_exceptions=True)
        if isinstance(outcomes[0], BaseException):
            log.warning("%s makes no bid in %s.", bidder.name, self.name, exc_info=outcomes[0])
            return Bid(bidder, 0.0)
        return Bid(bidder, outcomes[0])

    async def _ask(self, msg: Msg, bids: Sequence[Bid]) -> list[Msg]:
        """Ask in turns of `most` until one does not abstain; the answers so far, the best of the last turn first."""
        answers: list[Msg] = []
        for turn in range(self._retries + 1):
            asked = bids[turn * self._most : (turn + 1) * self._most]
            if not asked or any(not one.metadata.get(ABSTAINED) for one in answers):
                break
            answers += await self._answers(msg, asked)
        return answers

    async def _answers(self, msg: Msg, bids: Sequence[Bid]) -> list[Msg]:
        outcomes = await asyncio.gather(*(bid.bidder(copy_of(msg)) for bid in bids), return_exceptions=True)
        answers = [one for one in outcomes if isinstance(one, Msg)]
        failures = [one for one in outcomes if isinstance(one, BaseException)]
        for failure in failures:
            log.warning("A bidder of %s failed to answer.", self.name, exc_info=failure)
        if failures and not answers:
            raise failures[0]
        return answers

    def _nobody(self, bids: Sequence[Bid]) -> Msg:
        if not any(is_bidder(one) for one in self.participants):
            raise AgentError(f"Nobody in {self.name} can bid:", hint="add agents with a method `bid(msg)`.")
        best = f"; the highest bid was {bids[0].confidence:.2f}" if bids else ""
        return Msg(self.name, f"Nobody here is likely to have an answer{best}.", metadata={ABSTAINED: True})


def is_bidder(one: Participant) -> TypeGuard[Bidder]:
    """Whether a participant can bid and be asked."""
    return callable(getattr(one, "bid", None)) and callable(one)


async def _confidence(bidder: Bidder, msg: Msg) -> float:
    """The bid as a number from 0 to 1; one that is none is 0."""
    confidence = float(await settled(bidder.bid(msg)))
    return 0.0 if math.isnan(confidence) else min(1.0, max(0.0, confidence))
