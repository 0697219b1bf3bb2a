"""The phrases of a unit that could be the answer itself, and what its words are."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from knowledge.answers.lexicon import Lexicon, Word, word_set
from knowledge.answers.questions import MONTHS, NUMBER_WORDS, TIME_UNITS, Question
from knowledge.embedding.embedder import Reading

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from knowledge.types import Matrix

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

MOST_WORDS = 8
# Digits with a short unit or ending at most: what has more letters is a code.
NUMBER = re.compile(rf"\d[\d.,:/]*[a-z]{{0,3}}|{NUMBER_WORDS}|hundreds|thousands|millions|billions", re.IGNORECASE)
DATE = re.compile(
    rf"^(?:1\d\d\d|20\d\d|{MONTHS}|\d{{1,2}}(?:st|nd|rd|th)|\d{{4}}s?|centur(?:y|ies)|today|(?:mon|tues|wednes|thurs|fri|"
    r"satur|sun)day|spring|summer|autumn|winter)$",
    re.IGNORECASE,
)
MEASURE = re.compile(
    rf"^(?:{TIME_UNITS}|percent|dollars?|euros?|pounds?|miles?|km|kilomet\w+|met(?:er|re)s?|feet|foot|people|degrees?|"
    r"acres|tons?|inches)$",
    re.IGNORECASE,
)
PREPOSITIONS = word_set(
    """in on at of by from to for with as into during since until between near after before through under over about
    around via called named than"""
)
VERBS = word_set(
    """is are was were be been being has have had do does did can could will would may might must should became
    become"""
)
DETERMINERS = word_set("the a an its his her their this these that those")
APART = re.compile(r"[\s—]")
BREAK = re.compile(r"[;:()\n\"“”?!—]|\. | – ")


@dataclass(frozen=True, slots=True, eq=False)
class Traits:
    """What each word of a unit is, a value a word; `vectors` has a row a word, the mean of its tokens.

    `gaps` are what stands before each word, and behind the last; a space at either end.
    """

    words: Sequence[Word]
    gaps: Sequence[str]
    stop: Floats
    asked: Floats
    capital: Floats
    number: Floats
    date: Floats
    measure: Floats
    preposition: Floats
    verb: Floats
    determiner: Floats
    vectors: Matrix

    @classmethod
    def of(cls, text: str, asked: Question, tokens: Reading, offset: int, lexicon: Lexicon) -> Traits:
        """The words of `text`, which the model read as `tokens` from the character `offset` on."""
        words = lexicon.words(text)
        stems = lexicon.stems(asked.text)
        gaps = [" ", *(text[one.end : following.start] for one, following in pairwise(words)), " "]

        def trait(holds: Callable[[Word], object]) -> Floats:
            return np.array([bool(holds(word)) for word in words], float)

        return cls(
            words=words,
            gaps=gaps,
            stop=trait(lambda word: word.is_stop and not _is_name(word) and not NUMBER.fullmatch(word.surface)),
            asked=trait(lambda word: word.stem in stems),
            capital=trait(lambda word: word.surface[:1].isupper()),
            number=trait(lambda word: NUMBER.fullmatch(word.surface)),
            date=trait(lambda word: DATE.search(word.surface)),
            measure=trait(lambda word: MEASURE.search(word.surface)),
            preposition=trait(lambda word: word.surface.lower() in PREPOSITIONS),
            verb=trait(lambda word: word.surface.lower() in VERBS),
            determiner=trait(lambda word: word.surface.lower() in DETERMINERS),
            vectors=_word_vectors(words, tokens, offset),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Candidate phrases: the first and the last word of each, out of `count` words."""

    first: Places
    last: Places
    count: int

    @classmethod
    def of(cls, traits: Traits) -> Spans:
        """The runs of up to `MOST_WORDS` words, none across a break, that begin and end with a word of content.

        None begins or ends within what is written together, such as an address, a range, or a name with hyphens.
        """
        count, pairs = len(traits.words), []
        content = traits.stop == 0
        apart = [APART.search(gap) is not None for gap in traits.gaps]
        for first in np.flatnonzero(content & apart[:count]).tolist():
            for last in range(first, min(count, first + MOST_WORDS)):
                if last > first and BREAK.search(traits.gaps[last]):
                    break
                if content[last] and apart[last + 1]:
                    pairs.append((first, last))
        found = np.array(pairs, np.intp).reshape(-1, 2)
        return cls(found[:, 0], found[:, 1], count)

    @property
    def lengths(self) -> Floats:
        """How many words each has."""
        return (self.last - self.first + 1).astype(float)

    def total(self, trait: Floats) -> Floats:
        """The sum of a trait over each span's words."""
        sums: Floats = np.concatenate([[0.0], np.cumsum(trait)])
        summed: Floats = sums[self.last + 1] - sums[self.first]
        return summed

    def mean(self, trait: Floats) -> Floats:
        """The mean of a trait over each span's words."""
        return self.total(trait) / self.lengths

    def before(self, trait: Floats) -> Floats:
        """The trait of the word before each span, 0 at the beginning."""
        return np.where(self.first > 0, trait[np.maximum(self.first - 1, 0)], 0.0)

    def after(self, trait: Floats) -> Floats:
        """The trait of the word behind each span, 0 at the end."""
        return np.where(self.last + 1 < self.count, trait[np.minimum(self.last + 1, self.count - 1)], 0.0)

    def only(self, wanted: NDArray[np.bool_]) -> Spans:
        """Those for which `wanted` is true."""
        return Spans(self.first[wanted], self.last[wanted], self.count)

    def overlaps(self) -> Floats:
        """The F1, in words, of each span against each other."""
        shared = np.minimum(self.last[:, None], self.last) - np.maximum(self.first[:, None], self.first) + 1
        return np.where(shared > 0, 2 * shared / (self.lengths[:, None] + self.lengths), 0.0)


def _word_vectors(words: Sequence[Word], tokens: Reading, offset: int) -> Matrix:
    """A row for each word of what begins at the character `offset` of what was read: the mean of its tokens."""
    found = np.zeros((len(words), tokens.tokens.shape[1]), np.float32)
    for row, word in enumerate(words):
        if within := tokens.within(word.start + offset, word.end + offset):
            found[row] = tokens.tokens[within].astype(np.float32).mean(axis=0)
    return found


def _is_name(word: Word) -> bool:
    return word.start > 0 and word.surface[:1].isupper() and word.surface.lower() not in DETERMINERS
