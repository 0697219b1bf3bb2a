"""What an agent was told to be and to do, which is nobody else's business: sentences that repeat it are not said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+")
# What stands in quotes in an instruction is there to be said.
_QUOTED = re.compile(r"\"[^\"\n]*\"|“[^”\n]*”|„[^“”\n]*[“”]|«[^»\n]*»")
# So many words in a row are no chance, and this share of a sentence is no remark of its own.
RUN = 4
SHORTEST = 5
LONG_RUN = 9
SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Unspoken:
    """Instructions, by the runs of words in them. It knows repetition, word for word or nearly, and no paraphrase."""

    runs: frozenset[tuple[str, ...]] = frozenset()

    @staticmethod
    def of(instructions: Sequence[str]) -> Unspoken:
        """These instructions, without what they say in quotes."""
        parts = (part for text in instructions for part in _QUOTED.split(text))
        return Unspoken(frozenset(run for part in parts for run in _runs(_words(part))))

    def is_repeated_by(self, sentence: str) -> bool:
        """Whether the sentence says what the instructions say, in their words. A question back may."""
        if not self.runs or sentence.rstrip().endswith("?"):
            return False
        words = _words(sentence)
        if len(words) < SHORTEST:
            return False
        taken = [False] * len(words)
        longest = current = 0
        for at, run in enumerate(_runs(words)):
            known = run in self.runs
            current = current + 1 if known else 0
            longest = max(longest, current and current + RUN - 1)
            if known:
                taken[at : at + RUN] = [True] * RUN
        return longest >= LONG_RUN or sum(taken) >= SHARE * len(words)


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _runs(words: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1)]
