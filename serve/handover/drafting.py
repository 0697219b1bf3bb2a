"""What a person's answer teaches: a question and its answer, without personal data, for a reviewer to decide on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import dropwhile, takewhile

from agents.tracing.redaction import Redactor
from knowledge.errors import RefdeskError
from knowledge.library import Library
from serve.store.messages import Message
from serve.store.proposals import Draft

# Whoever says less asks nothing, or answers nothing, that others could use.
FEWEST_ASKED = 3
FEWEST_ANSWERED = 4
LONGEST_QUESTION = 1_000


class Drafting:
    """Makes drafts of entries; the bank that is suggested is the one that the question is routed to."""

    def __init__(self, library: Library, banks: Callable[[], Sequence[str]], redactor: Redactor) -> None:
        self._library = library
        self._banks = banks
        self._redactor = redactor

    def over(self, banks: Callable[[], Sequence[str]]) -> Drafting:
        """The same over other banks."""
        return Drafting(self._library, banks, self._redactor)

    def draft(self, said: Sequence[Message], answer: str, author: str) -> Draft | None:
        """What `answer` teaches after what was said; nothing where too little was asked or answered."""
        found = asked(said)
        if found is None or len(answer.split()) < FEWEST_ANSWERED:
            return None
        id, words = found
        question = " ".join(self._redactor.text(words).split())[:LONGEST_QUESTION]
        return Draft(id, question, self._redactor.text(answer).strip(), self._routed(question), author)

    def _routed(self, question: str) -> str | None:
        banks = self._banks()
        try:
            found = self._library.search(question, k=1, banks=banks, single=True) if banks else ()
        except RefdeskError:
            found = ()
        return found[0].bank if found else (banks[0] if banks else None)


def asked(said: Sequence[Message]) -> tuple[str, str] | None:
    """What a person answers now: the id of the message that asked it, and the question in its words.

    That is what the customer wrote last; where it is no more than a greeting, what the bot was asked before.
    """
    before = dropwhile(lambda one: one.role in ("agent", "system"), reversed(said))
    backwards = list(before)
    written = list(takewhile(lambda one: one.role == "user", backwards))
    text = "\n".join(one.text for one in reversed(written))
    if len(text.split()) >= FEWEST_ASKED:
        return written[0].id, text
    answers = (one for one in backwards if one.role == "assistant" and one.answers)
    latest = next(answers, None)
    question = next((one for one in said if latest and one.id == latest.answers), None)
    if latest is None or question is None:
        return None
    words = latest.understood or question.text
    return (question.id, words) if len(words.split()) >= FEWEST_ASKED else None
