"""Where the sentences of a text begin and end: the units that an answer can quote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from knowledge.answers.layout import Block, SpanKind, blocks
from knowledge.answers.lexicon import word_set

__all__ = ["Span", "SpanKind", "split"]

TERMINATOR = re.compile(
    r"(?P<full>[。！？｡]+[」』”’）】]{0,4})"
    r"|[.!?…؟۔।॥]+[\"'”’»)\]}*_`]{0,6}(?:\[\d{1,3}\]){0,6}(?=\s|$)"
)
LAST_TOKEN = re.compile(r"[^\s(\[\"'“‘]{1,16}$")
NEVER_LAST = word_set(
    """mr mrs ms dr prof rev hon st jr sr gen col capt lt sgt gov sen rep pres vs cf e.g i.e eg ie viz al approx ca
    fig figs eq sec art vol ed eds pp para ch op"""
)
BEFORE_NUMBER = word_set("no nos nr p pp fig figs vol sec art ch para eq pt")
MAYBE_LAST = word_set(
    """u.s u.k u.n e.u d.c a.m p.m etc inc ltd co corp llc jan feb mar apr jun jul aug sep sept oct nov dec ph.d b.c
    a.d dept est"""
)
STARTERS = word_set(
    """the a an in on at it its this that these those he she they we you i if when for however but and to as by after
    before there his her their our your all some many most one two"""
)
LONGEST_ITEM = 320
LONGEST_SENTENCE = 700
BREAK_IN_LONG = re.compile(r"\n|;\s|\s[•▪]\s")


@dataclass(frozen=True, slots=True)
class Span:
    """One unit of a text: `text[start:end]`, without white space around it."""

    start: int
    end: int
    kind: SpanKind


def split(text: str) -> list[Span]:
    """The units of `text` in order, without overlap: sentences of prose, list items, table rows, headings, code.

    Every span is stripped and holds at least one letter or digit. Takes time linear in the length.
    """
    return [
        Span(*bounds, block.kind)
        for block in blocks(text)
        for bounds in (_stripped(text, *cut) for cut in _cuts(text, block))
        if any(c.isalnum() for c in text[slice(*bounds)])
    ]


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


def _cuts(text: str, block: Block) -> Iterator[tuple[int, int]]:
    whole = block.kind is SpanKind.ITEM and block.end - block.start <= LONGEST_ITEM
    if whole or block.kind not in (SpanKind.SENTENCE, SpanKind.ITEM):
        yield block.start, block.end
        return
    for start, end in _sentences(text, block.start, block.end):
        yield from _shortened(text, start, end)


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    begin = start
    for match in TERMINATOR.finditer(text, start, end):
        if match.group("full") or _ends_sentence(text, begin, match.start(), match.end(), end):
            yield begin, match.end()
            begin = match.end()
    if begin < end:
        yield begin, end


def _ends_sentence(text: str, begin: int, dot: int, after: int, end: int) -> bool:
    following = text[after : min(end, after + 40)].lstrip().lstrip("\"'“‘([*_`")
    if not following:
        return True
    if following[0].islower():
        return False
    return text[dot] != "." or not _is_abbreviation(text, begin, dot, following)


def _is_abbreviation(text: str, begin: int, dot: int, following: str) -> bool:
    found = LAST_TOKEN.search(text, max(begin, dot - 16), dot)
    if not found:
        return False
    token = found.group().strip("*_`")
    lowered = token.lower()
    if lowered in NEVER_LAST or (lowered in BEFORE_NUMBER and following[0].isdigit()):
        return True
    if token.isdecimal() and not text[begin : found.start()].strip():
        return True
    next_word = re.match(r"[\w']*", following)
    starts_anew = bool(next_word) and next_word.group().lower() in STARTERS if next_word else False
    initial = len(token) == 1 and token.isupper() and token != "I"
    return (initial or lowered in MAYBE_LAST) and not starts_anew


def _shortened(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    if end - start <= LONGEST_SENTENCE:
        yield start, end
        return
    begin = start
    for match in BREAK_IN_LONG.finditer(text, start, end):
        if match.end() - begin > LONGEST_SENTENCE // 3:
            yield begin, match.end()
            begin = match.end()
    if begin < end:
        yield begin, end
