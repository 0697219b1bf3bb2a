"""Questions that may be asked next: what stands near the answer, in so far as the documents answer it."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

from agents.answers.conversation import Conversation as Talk
from knowledge.answers.lexicon import Lexicon
from knowledge.errors import RefdeskError
from knowledge.types import Answer, Citation, Passage
from serve.turns.titles import as_question, as_topic, with_article

MOST = 3
TRIED = 5
MOST_WORDS = 9
# Headings that every document has, and that ask nothing.
NOTHING_ASKED = (
    "about administrative analysis appendix answers background conclusion contents details example examples faq general"
    " history index information introduction more note notes other overview questions references summary"
)


def follow_ups(answer: Answer, talk: Talk) -> tuple[str, ...]:
    """Up to three questions that are answered next in `talk`, with something else than its last `answer`."""
    found: list[str] = []
    given = set(answer.citations)
    for question in list(_candidates(answer))[:TRIED]:
        cited = _answered(question, talk)
        if cited and not given & cited:
            found.append(question)
            given |= cited
        if len(found) == MOST:
            break
    return tuple(found)


def _answered(question: str, talk: Talk) -> set[Citation]:
    """What is cited for `question` where it is asked next; nothing where the banks do not answer it."""
    try:
        answer = Talk(talk.library, talk.scope, turns=[*talk.turns], topic=talk.topic).ask(question)
    except RefdeskError:
        return set()
    return set() if answer.abstained else set(answer.citations)


def _candidates(answer: Answer) -> Iterator[str]:
    """Headings of the passages nearby, as questions; those of the documents that are cited first."""
    lexicon = Lexicon()
    said = set(lexicon.content(answer.question))
    cited = {(one.bank, one.document_id) for one in answer.citations}
    nearest = sorted(answer.closest, key=lambda one: (one.bank, one.document_id) not in cited)
    cited_headings = {heading for one in answer.citations for heading in one.headings}
    known: set[str] = set()
    for passage in nearest:
        for question in _questions(passage, cited_headings):
            stems = set(lexicon.content(question))
            if question not in known and not stems <= said:
                known.add(question)
                yield question


def _questions(passage: Passage, known: Container[str]) -> Iterator[str]:
    """What the heading and the title of a passage ask; what they only name may be asked about where it is a heading."""
    heading = passage.headings[-1] if passage.headings else ""
    for title in (heading, passage.title):
        if title in known:
            continue
        if question := as_question(title):
            yield question
        elif title == heading and title != passage.title and (topic := as_topic(title)) and _asks_something(topic):
            yield f"What about {with_article(topic)}?"


def _asks_something(topic: str) -> bool:
    words = re.findall(r"[^\W_][\w'’-]*", topic)
    telling = [word for word in words if word.casefold() not in NOTHING_ASKED.split() and not word.isdigit()]
    return bool(telling) and len(words) <= MOST_WORDS
