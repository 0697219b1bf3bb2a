"""How a turn ended, as it is kept."""

from __future__ import annotations

from dataclasses import replace

from knowledge.errors import RefdeskError
from serve.http.failures import status_of
from serve.languages import said_in
from serve.store.messages import Message
from serve.store.turns import Outcome
from serve.turns.events import Failed
from serve.turns.reply import Reply

UNEXPECTED = "Something went wrong here."


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


def failed(answer: Message, why: Failed) -> Outcome:
    """That there is no answer, and why."""
    sentence = f"{why.message} {why.hint}".strip()
    return Outcome(replace(answer, status="failed", text=sentence), "failed", error=sentence)


def failure_of(error: Exception, language: str) -> Failed:
    """What is told of an error, in this language; of one that nobody expected, nothing but that."""
    why = _failure(error)
    return replace(why, message=said_in(language, why.message), hint=said_in(language, why.hint))


def _failure(error: Exception) -> Failed:
    if isinstance(error, TimeoutError):
        return Failed("timeout", "The answer took too long.", "Ask again, or ask for less.")
    if isinstance(error, RefdeskError):
        return Failed(status_of(error)[1], error.message, error.hint)
    return Failed("failed", UNEXPECTED, "Try again.")
