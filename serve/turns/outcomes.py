"""How a turn ended, as it is kept."""

from __future__ import annotations

from dataclasses import replace

from agents.exceptions import ContextOverflow, ModelTimeout, RateLimited
from knowledge.errors import ModelError, RefdeskError
from serve.http.failures import status_of
from serve.languages import said_in
from serve.store.messages import Message
from serve.store.turns import Outcome
from serve.turns.events import Failed
from serve.turns.reply import Reply

UNEXPECTED = "Something went wrong here."
TOO_SLOW = "The answer took too long."


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


def failed(answer: Message, why: Failed, error: Exception) -> Outcome:
    """That there is no answer, and why: as the customer is told, and for the record what a model's server said too."""
    sentence = f"{why.message} {why.hint}".strip()
    cause = error.sentence if isinstance(error, ModelError) else sentence
    return Outcome(replace(answer, status="failed", text=sentence), "failed", error=cause)


def failure_of(error: Exception, language: str) -> Failed:
    """What a customer is told of an error, in this language; of one that nobody expected, nothing but that.

    Where a model runs, and what its server says of accounts and keys, is for those who run the service.
    """
    why = _failure(error)
    return replace(why, message=said_in(language, why.message), hint=said_in(language, why.hint))


def _failure(error: Exception) -> Failed:
    if isinstance(error, TimeoutError):
        return Failed("timeout", TOO_SLOW, "Ask again, or ask for less.")
    if isinstance(error, ModelError):
        return _of_model(error)
    if isinstance(error, RefdeskError):
        return Failed(status_of(error)[1], error.message, error.hint)
    return Failed("failed", UNEXPECTED, "Try again.")


def _of_model(error: ModelError) -> Failed:
    code = status_of(error)[1]
    if isinstance(error, ContextOverflow):
        return Failed(code, "This conversation has become too long to go on with.", "Begin a new one.")
    if isinstance(error, RateLimited):
        return Failed(code, "Too many questions are being asked right now.", "Wait a little, then ask again.")
    if isinstance(error, ModelTimeout):
        return Failed(code, TOO_SLOW, "Ask again, or ask for less.")
    return Failed(code, "The question cannot be answered right now.", "Try again later.")
