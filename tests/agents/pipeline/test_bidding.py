from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.access import mark
from agents.exceptions import AgentError
from agents.message import Msg
from agents.pipeline import CostAwareHub, SequentialPipeline
from knowledge.errors import UsageError
from tests.agents.pipeline.speakers import Speaker, remembered


class Bank(Speaker):
    """Bids what it is told to."""

    def __init__(self, name: str, bid: Any, *, abstains: bool = False, fails: bool = False) -> None:
        super().__init__(name)
        self._bid = bid
        self._abstains = abstains
        self._fails = fails

    async def bid(self, msg: Msg) -> float:
        if isinstance(self._bid, Exception):
            raise self._bid
        made: float = self._bid
        return made

    async def reply(self, msg: Msg | list[Msg] | None = None, **kwargs: Any) -> Msg:
        self.inputs.append(msg)
        if self._fails:
            raise AgentError(f"{self.name} is out of order.")
        return Msg(self.name, f"{self.name} answers", "assistant", {"abstained": True} if self._abstains else {})


def asked(*banks: Bank) -> list[str]:
    return [bank.name for bank in banks if bank.inputs]


async def test_only_the_highest_bidder_is_asked() -> None:
    hr, it, law = Bank("hr", 0.2), Bank("it", 0.9), Bank("law", 0.5)
    reply = await CostAwareHub([hr, it, law])("How do I reset my password?")
    assert reply.text == "it answers"
    assert asked(hr, it, law) == ["it"]
    assert reply.metadata["bids"] == {"it": 0.9, "law": 0.5, "hr": 0.2}


async def test_several_of_the_best_are_asked_and_the_highest_one_with_an_answer_gives_it() -> None:
    hr, it, law = Bank("hr", 0.2), Bank("it", 0.9, abstains=True), Bank("law", 0.5)
    reply = await CostAwareHub([hr, it, law], most=2)("question")
    assert reply.text == "law answers"
    assert asked(hr, it, law) == ["it", "law"]


async def test_a_bid_below_the_threshold_is_not_asked() -> None:
    hr, it = Bank("hr", 0.2), Bank("it", 0.29)
    reply = await CostAwareHub([hr, it], threshold=0.3, name="banks")("question")
    assert reply.metadata["abstained"] is True
    assert "0.29" in reply.text
    assert asked(hr, it) == []


async def test_a_bid_far_below_the_highest_is_not_asked() -> None:
    hr, it, law = Bank("hr", 0.2), Bank("it", 0.9), Bank("law", 0.85)
    await CostAwareHub([hr, it, law], most=3, margin=0.1)("question")
    assert asked(hr, it, law) == ["it", "law"]


async def test_among_equal_bids_who_joined_first_is_asked() -> None:
    hr, it = Bank("hr", 0.5), Bank("it", 0.5)
    assert (await CostAwareHub([hr, it])("question")).name == "hr"


async def test_who_bids_nothing_is_never_asked() -> None:
    bank = Bank("hr", 0.0)
    reply = await CostAwareHub([bank])("question")
    assert reply.metadata["abstained"] is True
    assert asked(bank) == []


async def test_when_all_who_were_asked_abstain_the_answer_says_so() -> None:
    hr, it = Bank("hr", 0.8, abstains=True), Bank("it", 0.7)
    reply = await CostAwareHub([hr, it])("question")
    assert (reply.name, reply.metadata["abstained"]) == ("hr", True)
    assert asked(hr, it) == ["hr"]


async def test_the_next_best_are_asked_as_often_as_is_allowed() -> None:
    hr, it, law = Bank("hr", 0.8, abstains=True), Bank("it", 0.7), Bank("law", 0.6)
    assert (await CostAwareHub([hr, it, law], retries=2)("question")).name == "it"
    assert asked(hr, it, law) == ["hr", "it"]


@pytest.mark.parametrize("bid", [ValueError("broken"), math.nan, None, "high", -3.0])
async def test_a_bid_that_is_none_counts_as_abstaining(bid: Any) -> None:
    reply = await CostAwareHub([Bank("broken", bid), Bank("hr", 0.1)])("question")
    assert reply.name == "hr"
    assert reply.metadata["bids"]["broken"] == 0.0


async def test_a_bid_that_takes_too_long_counts_as_abstaining() -> None:
    class Slow(Bank):
        async def bid(self, msg: Msg) -> float:
            await asyncio.sleep(60)
            return 1.0

    reply = await CostAwareHub([Slow("slow", 1.0), Bank("hr", 0.1)], bid_timeout=0.02)("question")
    assert reply.name == "hr"


async def test_an_answer_survives_the_failure_of_another_bidder() -> None:
    reply = await CostAwareHub([Bank("hr", 0.9, fails=True), Bank("it", 0.8)], most=2)("question")
    assert reply.name == "it"


async def test_when_everyone_who_was_asked_fails_the_failure_is_raised() -> None:
    with pytest.raises(AgentError, match="hr is out of order"):
        await CostAwareHub([Bank("hr", 0.9, fails=True), Bank("it", 0.8)])("question")


async def test_who_may_not_read_the_question_does_not_bid() -> None:
    bank = Bank("hr", 0.9)
    question = mark(Msg("user", "salaries?"), [frozenset({"staff"})])
    reply = await CostAwareHub([bank])(question)
    assert reply.metadata == {"abstained": True, "bids": {}}


async def test_where_nobody_can_bid_an_error_says_so() -> None:
    with pytest.raises(AgentError, match="Nobody in banks can bid"):
        await CostAwareHub([], name="banks")("question")


async def test_within_the_hub_the_others_hear_the_answer() -> None:
    hr, it, clerk = Bank("hr", 0.9), Bank("it", 0.1), Speaker("clerk")
    async with CostAwareHub([hr, it]) as hub:
        hub.add(clerk)
        await hub("question")
    assert remembered(it) == remembered(clerk) == ["hr answers"]


async def test_the_hub_is_a_step_of_a_pipeline() -> None:
    reply = await SequentialPipeline([CostAwareHub([Bank("hr", 0.9)]), lambda msg: f"{msg.text}!"])("question")
    assert reply.text == "hr answers!"


@pytest.mark.parametrize("wrong", [{"most": 0}, {"retries": -1}])
def test_settings_that_ask_nobody_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        CostAwareHub([], **wrong)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.integers(1, 8), st.floats(0, 1))
def test_nobody_is_asked_while_a_higher_bid_is_not(bids: list[float], most: int, threshold: float) -> None:
    async def play() -> None:
        banks = [Bank(str(at), bid) for at, bid in enumerate(bids)]
        await CostAwareHub(banks, most=most, threshold=threshold)("question")
        chosen = [bid for bank, bid in zip(banks, bids, strict=True) if bank.inputs]
        others = [bid for bank, bid in zip(banks, bids, strict=True) if not bank.inputs]
        eligible = sum(bid > 0 and bid >= threshold for bid in bids)
        assert len(chosen) == min(most, eligible)
        if chosen and others:
            assert min(chosen) >= max(others)

    asyncio.run(play())
