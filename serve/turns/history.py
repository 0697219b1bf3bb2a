"""What was said before a question, as whoever quotes reads it."""

from __future__ import annotations

from collections.abc import Sequence

from agents.answers.turns import Turn
from knowledge.answers.grounding import UNANSWERED, without_marks
from knowledge.types import Reader
from serve.store.messages import Message
from serve.turns.courtesies import courtesy
from serve.turns.places import unescaped
from serve.turns.reply import may_hear


def turns_before(history: Sequence[Message], reader: Reader) -> list[Turn]:
    """The questions that were answered, oldest first, without answers that the reader may not read by now.

    What asked nothing was no question.
    """
    turns: list[Turn] = []
    question: Message | None = None
    for message in history:
        if message.role == "user":
            question = message
        elif question is not None and message.role == "assistant" and message.status == "complete":
            if may_hear(message, reader) and (message.model or courtesy(question.text) is None):
                turns.append(Turn(question.text, _said(message)))
            question = None
    return turns


def _said(message: Message) -> str:
    return UNANSWERED if message.abstained else unescaped(without_marks(message.text))
