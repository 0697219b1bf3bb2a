"""Finds quoted words among the characters of a page, however the page breaks, joins or hyphenates them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

# Pieces of words shorter than this are found anywhere and mean nothing.
SHORTEST_PIECE = 4
# The share of a quote that has to be found where the page says its words in another order.
ENOUGH = 0.9
# How far, in lengths of the quote, its pieces may be from the longest one.
REACH = 2


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of a document's text on one page, what stands before and after them there, and where they begin.

    `at` is the share of the page's text before them.
    """

    words: str
    before: str = ""
    after: str = ""
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Keyed:
    """The letters and digits of a text, alike for all ways of writing them, each with its index in the text."""

    key: str
    index: tuple[int, ...]


def keyed(text: str) -> Keyed:
    """What stays of a text without spaces, hyphens, accents, ligatures and capitals."""
    letters: list[str] = []
    index: list[int] = []
    for at, character in enumerate(text):
        for letter in unicodedata.normalize("NFKD", character).casefold():
            if letter.isalnum():
                letters.append(letter)
                index.append(at)
    return Keyed("".join(letters), tuple(index))


def find_quote(quote: Quote, page: str) -> list[range]:
    """The spans of `page` that say the quote, in the page's order; none where it does not say it."""
    wanted, there = keyed(quote.words), keyed(page)
    if not wanted.key:
        return _literally(quote, page)
    found = _best_place(wanted.key, quote, there.key)
    pieces = [range(found, found + len(wanted.key))] if found is not None else _in_pieces(wanted, there.key)
    return _joined(_stretched(piece, quote.words, there, page) for piece in pieces)


def _literally(quote: Quote, page: str) -> list[range]:
    """For words without a letter or a digit."""
    words = quote.words.strip()
    at = page.find(words) if words else -1
    return [range(at, at + len(words))] if at >= 0 else []


def _best_place(wanted: str, quote: Quote, page: str) -> int | None:
    """Where the page says `wanted` amid the same words as the document does; else nearest to the same share of it."""
    before, after = keyed(quote.before).key, keyed(quote.after).key

    def likeness(at: int) -> tuple[int, float]:
        same = _shared(before[::-1], page[:at][-len(before) :][::-1] if before else "")
        same += _shared(after, page[at + len(wanted) :][: len(after)])
        return same, -abs(at - quote.at * len(page))

    return max(_occurrences(wanted, page), key=likeness, default=None)


def _occurrences(wanted: str, page: str) -> Iterator[int]:
    at = page.find(wanted)
    while at >= 0:
        yield at
        at = page.find(wanted, at + 1)


def _shared(one: str, other: str) -> int:
    """How many characters two texts have in common from their beginnings on."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _in_pieces(wanted: Keyed, page: str) -> list[range]:
    """The pieces of `wanted` that the page says near each other, as where the cells of a table run over lines."""
    anywhere = _pieces(wanted, page, 0, len(page))
    if not anywhere:
        return []
    anchor = max(anywhere, key=len)
    reach = REACH * len(wanted.key)
    near = _pieces(wanted, page, max(0, anchor.start - reach), anchor.stop + reach)
    return near if sum(map(len, near)) >= ENOUGH * len(wanted.key) else []


def _pieces(wanted: Keyed, page: str, start: int, end: int) -> list[range]:
    """From the beginning of `wanted` on, the longest pieces of whole words between `start` and `end` of the page."""
    key, ends = wanted.key, _word_ends(wanted)
    pieces: list[range] = []
    at = 0
    while at < len(key):
        reached = at + _longest(key[at:], page, start, end)
        # A piece that ends within a word has taken letters of the word that follows it on the page.
        length = max((stop for stop in ends if at < stop <= reached), default=reached) - at
        if length < SHORTEST_PIECE:
            at += 1
            continue
        follows = page.find(key[at : at + length], pieces[-1].stop if pieces else start, end)
        found = follows if follows >= 0 else page.find(key[at : at + length], start, end)
        pieces.append(range(found, found + length))
        at += length
    return pieces


def _word_ends(keyed: Keyed) -> list[int]:
    """Where in the key words end."""
    gaps = [at + 1 for at, (one, other) in enumerate(pairwise(keyed.index)) if other > one + 1]
    return [*gaps, len(keyed.key)]


def _longest(wanted: str, page: str, start: int, end: int) -> int:
    """The length of the longest beginning of `wanted` in a part of the page; shorter ones are there too."""
    low, high = 0, len(wanted)
    while low < high:
        middle = (low + high + 1) // 2
        if page.find(wanted[:middle], start, end) >= 0:
            low = middle
        else:
            high = middle - 1
    return low


def _stretched(piece: range, words: str, there: Keyed, page: str) -> range:
    """A span of the key as one of the page, with the marks that the quote begins and ends with."""
    start, end = there.index[piece.start], there.index[piece.stop - 1] + 1
    for mark in reversed(words[: _first_letter(words)]):
        if start and page[start - 1] == mark and not mark.isspace():
            start -= 1
    while end < len(page) and unicodedata.combining(page[end]):
        end += 1
    for mark in words[len(words) - _first_letter(words[::-1]) :]:
        if page[end : end + 1] == mark and not mark.isspace():
            end += 1
    return range(start, end)


def _first_letter(words: str) -> int:
    return next((at for at, letter in enumerate(words) if letter.isalnum()), 0)


def _joined(spans: Iterator[range]) -> list[range]:
    """Spans in order, those that touch or overlap as one."""
    joined: list[range] = []
    for span in sorted(spans, key=lambda span: span.start):
        if joined and span.start <= joined[-1].stop:
            joined[-1] = range(joined[-1].start, max(joined[-1].stop, span.stop))
        else:
            joined.append(span)
    return joined
