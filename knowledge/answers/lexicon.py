"""Words as the answer path compares them: lower-cased, stemmed, without the words every question has."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from types import MappingProxyType

import Stemmer

WORD = re.compile(r"\d+(?:[.,:/]\d+)+|[^\W_]+(?:['’][^\W_]+)*")
NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
CODE = re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]+\b")
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f]")


def word_set(words: str) -> frozenset[str]:
    """The words of a list written as prose."""
    return frozenset(words.split())


STOP_WORDS = word_set(
    """a about above after again against all already also am an and any anyone anything are aren as at be because been
    before being below between both but by can cannot could couldn d did didn do does doesn doing don down during
    each either else ever every few for from further get gets getting give given gives go goes got had hadn has hasn
    have haven having he her here hers him his how however i if in into is isn it its itself just let ll m many may
    me might more most much must my myself need needs no nor not of off on once one only or other our ours out over
    own please re s same shall she should shouldn so some someone something still such t tell than that the their
    them themselves then there these they thing things this those through to too under until up upon us use used
    using ve very want was wasn way we were weren what whatever when where whether which while who whom whose why
    will with within without won would wouldn yes yet you your yours"""
)
QUESTION_WORDS = word_set(
    """happen happens happened mean means kind type name called many much long often far old know explain describe
    list find work works difference exactly"""
)
SPELLED_NUMBERS = MappingProxyType(
    {"two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
     "ten": "10", "eleven": "11", "twelve": "12", "fifteen": "15", "twenty": "20", "thirty": "30", "forty": "40",
     "fifty": "50", "sixty": "60", "hundred": "100", "thousand": "1000"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text: its stem, where it stands, and how it is written."""

    stem: str
    start: int
    end: int
    surface: str

    @property
    def is_stop(self) -> bool:
        """Whether the word carries no content of its own."""
        return self.surface.lower() in STOP_WORDS


class Lexicon:
    """Turns texts into stems. Not thread-safe, cheap to make: one for each call."""

    def __init__(self, language: str = "english") -> None:
        self._stemmer = Stemmer.Stemmer(language)
        # A few hundred words make up most of what a question's passages say, and they are met again and again.
        self._known: dict[str, tuple[str, ...]] = {}

    def stem(self, word: str) -> str:
        """The stem of one word, without case, accents and possessive ending; a number in one notation."""
        if word[0].isdecimal() and NUMBER.fullmatch(word):
            return _plain_number(word)
        lowered = word.lower()
        if lowered in SPELLED_NUMBERS:
            return SPELLED_NUMBERS[lowered]
        for ending in ("'s", "’s"):
            lowered = lowered.removesuffix(ending)
        if not lowered.isascii():
            lowered = "".join(c for c in unicodedata.normalize("NFD", lowered) if not unicodedata.combining(c))
        return str(self._stemmer.stemWord(lowered))

    def words(self, text: str) -> list[Word]:
        """Every word of `text` in order; scripts written without spaces give overlapping pairs of characters."""
        found: list[Word] = []
        for match in WORD.finditer(text):
            run = match.group()
            if UNSPACED.search(run) and len(run) > 2:
                found += [Word(run[i : i + 2], match.start() + i, match.start() + i + 2, run[i : i + 2])
                          for i in range(len(run) - 1)]  # fmt: skip
            else:
                found.append(Word(self.stem(run), match.start(), match.end(), run))
        return found

    def content(self, text: str) -> list[str]:
        """The stems of the words that carry content, in order, with repetitions."""
        return [stem for run in WORD.findall(text) for stem in self._content_of(run)]

    def stems(self, text: str) -> frozenset[str]:
        """The content stems of a text."""
        return frozenset().union(*map(self._content_of, set(WORD.findall(text))))

    def terms(self, question: str) -> tuple[str, ...]:
        """What a question asks about: its content stems, each once; all its stems where nothing else is left."""
        words = self.words(question)
        content = [w.stem for w in words if not w.is_stop]
        topical = [w.stem for w in words if not w.is_stop and w.surface.lower() not in QUESTION_WORDS]
        return tuple(dict.fromkeys(topical or content or [w.stem for w in words]))

    def _content_of(self, run: str) -> tuple[str, ...]:
        """The content stems of what `WORD` finds at one place."""
        found = self._known.get(run)
        if found is None:
            found = self._known[run] = self._plain(run) if run.isascii() else self._of_words(run)
        return found

    def _plain(self, run: str) -> tuple[str, ...]:
        """As `_of_words`, for what is one word in any case: most of what passages say."""
        return () if run.lower() in STOP_WORDS else (self.stem(run),)

    def _of_words(self, run: str) -> tuple[str, ...]:
        return tuple(word.stem for word in self.words(run) if not word.is_stop)


def _plain_number(written: str) -> str:
    without_groups = re.sub(r",(?=\d{3}(?!\d))", "", written)
    return without_groups.rstrip("0").rstrip(".") if re.fullmatch(r"\d+\.\d+", without_groups) else without_groups
