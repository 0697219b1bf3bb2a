"""When a conversation goes to a person without anybody asking for one: by rule, or where the documents do not help."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import takewhile

from serve.config.handover import Handover, Rule
from serve.store.tickets import Trigger
from serve.turns.flow import HANDED_OVER, Answering
from serve.turns.journal import Journal
from serve.turns.quoting import OFFER
from serve.turns.reply import Asked, Reply


@dataclass(frozen=True, slots=True)
class HandingOver:
    """Answers as `answering` does, and calls a person where `when` says so. `name` is who says that one is called."""

    answering: Answering
    when: Handover
    name: str

    async def answer(self, asked: Asked, journal: Journal) -> Reply:
        """The answer; where a rule speaks of the question, nothing is looked up."""
        rule = next((one for one in self.when.rules if holds(asked.question.text, one.words)), None)
        if rule is not None:
            reason = rule.reason or "The question holds words that a rule names."
            return Reply(HANDED_OVER, self.name, state="waiting", trigger="rule", reason=reason)
        reply = await self.answering.answer(asked, journal)
        called = self._called(asked, reply) if reply.state is None else None
        return _handed_over(reply, *called) if called else reply

    def _called(self, asked: Asked, reply: Reply) -> tuple[Trigger, str] | None:
        """What calls a person for this answer, and why; nothing where the bot goes on."""
        if (rule := _about(self.when.rules, reply)) is not None:
            return "rule", rule.reason or "The answer comes from a bank that a rule names."
        if reply.confidence is not None and reply.confidence < self.when.confidence:
            return "confidence", f"The confidence is {reply.confidence:.2f}, below {self.when.confidence:.2f}."
        if reply.abstained and 0 < self.when.unanswered <= 1 + _unanswered(asked):
            return "unanswered", f"The documents do not answer; unanswered in a row: {1 + _unanswered(asked)}."
        return None


def holds(text: str, words: Iterable[str]) -> bool:
    """Whether a text holds any of these, as whole words, capitals or not."""
    plain = " ".join(text.casefold().split())
    return any(re.search(rf"(?<!\w){re.escape(' '.join(one.casefold().split()))}(?!\w)", plain) for one in words)


def _about(rules: Iterable[Rule], reply: Reply) -> Rule | None:
    cited = {place.bank for place in reply.citations}
    return next((rule for rule in rules if cited & set(rule.banks)), None)


def _unanswered(asked: Asked) -> int:
    """How many answers before this one said, one after the other, that the documents do not answer."""
    answers = [message for message in reversed(asked.history) if message.role in ("assistant", "agent")]
    return sum(1 for _ in takewhile(lambda one: one.abstained, answers))


def _handed_over(reply: Reply, trigger: Trigger, reason: str) -> Reply:
    said = reply.text.removesuffix(OFFER).rstrip()
    text = f"{said}\n\n{HANDED_OVER}" if said else HANDED_OVER
    return replace(reply, text=text, followups=(), state="waiting", trigger=trigger, reason=reason)
