"""Questions that need no model: from titles, headings, definitions, and sentences with a gap."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from eval.making.draft import Draft, Place
from knowledge.answers.lexicon import Lexicon, word_set
from knowledge.answers.markup import plain
from knowledge.answers.sentences import Span, SpanKind, split
from knowledge.types import Document

DEFINITION = re.compile(
    r"(?P<article>(?:The|An?) (?=\w))?(?P<term>[^\W_][\w’'/+-]*(?: [\w’'/+-]+){0,3}) "
    r"(?P<verb>is|are|means|refers to|stands for|denotes) (?P<rest>(?:an? |the |one of |any |when |how ).{20,})"
)
NO_TERMS = word_set(
    """it this that these those there he she they we you i here what which who when where how if in on at for as and but
    one each every all some most many note example figure table chapter section both another first second"""
)
NUMBER = re.compile(r"(?<![\w.,$€£%-])[$€£]?\d[\d,]*(?:\.\d+)?(?:\s?%)?(?![\w-])(?!\.\d)")
NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w’'-]+(?: (?:of |the |and )?[A-Z][\w’'-]+)*")
GAP = "____"
LEAST_WORDS, MOST_WORDS = 6, 40
LONGEST_HEADING = 12
LONGEST_ANSWER = 400


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence of a document: as it stands at `place`, and as it reads."""

    document: Document
    place: Place
    text: str
    kind: SpanKind


def units(document: Document) -> list[Unit]:
    """The sentences, headings and items of a document, in order."""
    return [_unit(document, span) for span in split(document.text)]


def drafts(document: Document, lexicon: Lexicon) -> Iterator[Draft]:
    """Every question that the rules find in a document."""
    found = units(document)
    yield from _of_title(document, found)
    yield from _of_headings(document, found)
    for unit in found:
        if unit.kind is SpanKind.SENTENCE:
            yield from _definition(unit)
            yield from _cloze(unit, lexicon)


def _of_title(document: Document, found: Sequence[Unit]) -> Iterator[Draft]:
    """What a document is about, answered by its first sentence."""
    first = next((unit for unit in found if unit.kind is SpanKind.SENTENCE and _is_sentence(unit.text)), None)
    if first and 2 <= len(document.title.split()) <= LONGEST_HEADING:
        yield Draft("title", f"What is said about {plain(document.title)}?", first.text, (first.place,))


def _of_headings(document: Document, found: Sequence[Unit]) -> Iterator[Draft]:
    """What a section says, answered by its first sentence."""
    for heading, following in pairwise(found):
        words = heading.text.split()
        sentence = following.kind in (SpanKind.SENTENCE, SpanKind.ITEM) and _is_sentence(following.text)
        if heading.kind is not SpanKind.HEADING or not sentence or not 2 <= len(words) <= LONGEST_HEADING:
            continue
        asked = heading.text.rstrip(".:")
        about = "" if document.title.casefold() in asked.casefold() else f" ({plain(document.title)})"
        question = f"{asked}{about}" if asked.endswith("?") else f"What about {asked}{about}?"
        yield Draft("heading", question, following.text, (following.place,))


def _definition(unit: Unit) -> Iterator[Draft]:
    found = DEFINITION.match(unit.text)
    if not found or found["term"].split()[0].casefold() in NO_TERMS or len(unit.text) > LONGEST_ANSWER:
        return
    article = "" if found["article"] in (None, "") else found["article"].lower()
    verb = "are" if found["verb"] == "are" else "is"
    yield Draft("definition", f"What {verb} {article}{found['term']}?", unit.text, (unit.place,))


def _cloze(unit: Unit, lexicon: Lexicon) -> Iterator[Draft]:
    """A sentence with one number or name left out, where enough is left to tell which."""
    if not _is_sentence(unit.text) or len(unit.text) > LONGEST_ANSWER:
        return
    gaps = [match for pattern in (NUMBER, NAME) for match in pattern.finditer(unit.text)]
    for match in gaps[:1]:
        answer = match.group().strip()
        rest = f"{unit.text[: match.start()]}{GAP}{unit.text[match.end() :]}"
        left = lexicon.stems(rest)
        if answer.casefold() not in rest.casefold() and len(left) >= LEAST_WORDS and not lexicon.stems(answer) & left:
            yield Draft("cloze", f"What belongs in the gap? {rest}", answer, (unit.place,))


def _is_sentence(text: str) -> bool:
    words = text.split()
    return LEAST_WORDS <= len(words) <= MOST_WORDS and text[:1].isupper() and text[-1:] in ".!?"


def _unit(document: Document, span: Span) -> Unit:
    written = document.text[span.start : span.end]
    page = document.page_at(span.start) if document.pages else None
    place = Place(document.uri, span.start, span.end, written, page)
    return Unit(document, place, " ".join(plain(written).split()), span.kind)
