"""Questions to begin with, where none are configured: titles that ask something, if the banks answer it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest

from knowledge.bank import KnowledgeBank
from knowledge.errors import RefdeskError
from knowledge.library import Library
from knowledge.types import ANYONE
from serve.turns.titles import as_question

MOST = 4
LOOKED_AT = 400
TRIED = 12


class Suggestions:
    """The questions that are configured; without any, those that `look` found last."""

    def __init__(self, library: Library, given: Sequence[str]) -> None:
        self._library = library
        self._given = tuple(given)
        self._found: tuple[str, ...] = ()

    @property
    def questions(self) -> tuple[str, ...]:
        """What a newcomer may click."""
        return self._given or self._found

    def look(self, banks: Sequence[str]) -> None:
        """Find questions in these banks, and so load what the first question needs; takes a second or two."""
        if not self._given and banks:
            self._found = suggested_questions(self._library, banks)
        elif banks:
            _is_answered(self._library, banks, self._given[0])


def suggested_questions(library: Library, banks: Sequence[str]) -> tuple[str, ...]:
    """Up to four questions that everybody may ask and that are answered, from as many banks as there are."""
    candidates = [questions_in(library.bank(name)) for name in banks]
    taking_turns = (one for row in zip_longest(*candidates) for one in row if one is not None)
    tried = islice(dict.fromkeys(taking_turns), TRIED)
    return tuple(islice((one for one in tried if _is_answered(library, banks, one)), MOST))


def questions_in(bank: KnowledgeBank) -> Iterator[str]:
    """Titles of a bank's open documents that ask something, as questions."""
    for document in islice(bank.documents(reader=ANYONE), LOOKED_AT):
        if question := as_question(document.title):
            yield question


def _is_answered(library: Library, banks: Sequence[str], question: str) -> bool:
    try:
        return not library.ask(question, banks=banks).abstained
    except RefdeskError:
        return False
