"""When a person is called without being asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from knowledge.errors import ConfigError
from serve.config.settings import parse_server_settings
from serve.handover.deciding import HandingOver, holds
from serve.store.conversations import Conversation
from serve.store.messages import CitedPlace, Message
from serve.store.schema import now
from serve.turns.flow import HANDED_OVER
from serve.turns.journal import Journal
from serve.turns.quoting import OFFER
from serve.turns.reply import Asked, Reply

SURE = Reply("It costs nothing.", "Support", confidence=0.9)
UNSURE = replace(SURE, confidence=0.2)
UNANSWERED = Reply(f"The documents do not say. {OFFER}", "Support", abstained=True, confidence=0.1)


class Said:
    """Answers with what it is given."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.asked = 0

    async def answer(self, asked: Asked, journal: Journal) -> Reply:
        self.asked += 1
        return self.reply


def message(role: Any, text: str, **fields: Any) -> Message:
    return Message(f"{role}-{text}", "c", role, text, "", now(), **fields)


async def decided(reply: Reply, question: str = "What does it cost?", *history: Message, **when: Any) -> Reply:
    settings = parse_server_settings({"handover": when}, None).handover
    talk = Conversation("c", "v", "", "bot", now(), now())
    asked = Asked(talk, message("user", question), "a", history)
    return await HandingOver(Said(reply), settings, "Support").answer(asked, Journal("a", lambda _: None))


async def test_without_rules_the_answer_stays_as_it_is() -> None:
    for reply in (SURE, UNSURE, UNANSWERED):
        assert await decided(reply) is reply


async def test_an_answer_that_is_not_certain_enough_goes_to_a_person_with_what_it_says() -> None:
    found = await decided(UNSURE, confidence=0.3)
    assert (found.state, found.trigger) == ("waiting", "confidence")
    assert found.reason == "The confidence is 0.20, below 0.30."
    assert found.text == f"It costs nothing.\n\n{HANDED_OVER}"
    assert (await decided(SURE, confidence=0.3)).state is None


async def test_so_many_unanswered_questions_in_a_row_go_to_a_person() -> None:
    before = (message("user", "One?"), message("assistant", "No.", abstained=True), message("user", "Two?"))
    assert (await decided(UNANSWERED, "First?", unanswered=2)).state is None
    found = await decided(UNANSWERED, "Two?", *before, unanswered=2)
    assert (found.state, found.trigger) == ("waiting", "unanswered")
    assert OFFER not in found.text
    answered = (*before, message("assistant", "Yes."), message("user", "Three?"))
    assert (await decided(UNANSWERED, "Three?", *answered, unanswered=2)).state is None


async def test_words_that_a_rule_names_go_to_a_person_unanswered() -> None:
    rules = [{"words": ["my  Lawyer"], "reason": "Legal"}]
    found = await decided(SURE, "I will call MY lawyer!", rules=rules)
    assert (found.text, found.trigger, found.reason) == (HANDED_OVER, "rule", "Legal")
    assert (await decided(SURE, "Call my lawyers", rules=rules)).state is None


async def test_an_answer_from_a_bank_that_a_rule_names_goes_to_a_person() -> None:
    cited = CitedPlace(1, "Fees", "banking", "fees.md", 1, 0, 5, "Costs")
    found = await decided(replace(SURE, citations=(cited,)), rules=[{"banks": ["banking"]}])
    assert (found.state, found.trigger) == ("waiting", "rule")
    assert (await decided(SURE, rules=[{"banks": ["banking"]}])).state is None


async def test_what_the_agent_decided_stands() -> None:
    decision = replace(UNSURE, state="waiting", reason="Stolen")
    assert await decided(decision, confidence=0.5) is decision


@pytest.mark.parametrize(
    ("text", "found"), [("a (refund)!", True), ("refunds", False), ("REFUND", True), ("pre-refund", True)]
)
def test_words_are_found_whole(text: str, found: bool) -> None:
    assert holds(text, ["refund"]) is found


def test_a_rule_that_says_nothing_is_refused_with_its_place() -> None:
    with pytest.raises(ConfigError, match=r"server\.handover\.rules\.0"):
        parse_server_settings({"handover": {"rules": [{"reason": "why"}]}}, None)
