"""Follow-up questions without a model: what "And for the gold card?" may mean after the question before it."""

from __future__ import annotations

import re

from knowledge.answers.lexicon import Lexicon
from knowledge.types import Answer

REFERS_BACK = re.compile(
    r"\b(?:it|its|they|them|their|theirs|this|these|those|he|him|his|she|her|hers|ones|same|else|instead)\b"
    r"|\bthat(?=\W*$)",
    re.IGNORECASE,
)
CONTINUES = re.compile(r"\s*(?:and|or|but|also|so|then|what about|how about|why|how so|what if)\b", re.IGNORECASE)
SHORT = 3


def readings(question: str, previous: str) -> tuple[str, ...]:
    """What `question` may mean after `previous`, itself a question that stands alone, likeliest first.

    One that refers back is read together with the words of `previous`; a short one is tried alone first. A
    question that is long and refers to nothing means what it says.
    """
    if not previous:
        return (question,)
    lexicon = Lexicon()
    joined = _joined(question, previous, lexicon)
    own = lexicon.content(question)
    if not own or CONTINUES.match(question) or (REFERS_BACK.search(question) and len(own) <= 2 * SHORT):
        return joined, question
    return (question, joined) if len(own) <= SHORT else (question,)


def speaks_of(question: str, answer: Answer) -> bool:
    """Whether what was found for `question` together with the words before it holds any word of `question` itself.

    What holds none answers the words before, not the question.
    """
    lexicon = Lexicon()
    own = set(lexicon.content(question))
    places = [" ".join((c.title, *c.headings)) for c in answer.citations]
    return not own or not own.isdisjoint(lexicon.stems(" ".join([answer.text, *places])))


def _joined(question: str, previous: str, lexicon: Lexicon) -> str:
    """`question` with the words of `previous` that carry content and that it lacks."""
    present = set(lexicon.content(question))
    added = [word.surface for word in lexicon.words(previous) if not (word.is_stop or word.stem in present)]
    return " ".join([question, *dict.fromkeys(added)])
