"""How a turn ended, as it is kept."""

from __future__ import annotations

from dataclasses import replace

from serve.store.messages import Message
from serve.store.turns import Outcome
from serve.turns.events import Failed
from serve.turns.reply import Reply


def complete(answer: Message, reply: Reply) -> Outcome:
    """The answer in place of `answer`, which was pending."""
    message = replace(
        answer,
        status="complete",
        text=reply.text,
        author=reply.author,
        abstained=reply.abstained,
        confidence=reply.confidence,
        citations=reply.citations,
        closest=reply.closest,
        followups=reply.followups,
        understood=reply.understood,
        model=reply.model,
        host=reply.host,
        access=reply.access,
    )
    return Outcome(
        message,
        "complete",
        tier=reply.author,
        topic=reply.topic,
        state=reply.state,
        reason=reply.reason,
        trigger=reply.trigger,
    )


def failed(answer: Message, why: Failed) -> tuple[Outcome, Failed]:
    """That there is no answer, and why."""
    sentence = f"{why.message} {why.hint}".strip()
    return Outcome(replace(answer, status="failed", text=sentence), "failed", error=sentence), why
