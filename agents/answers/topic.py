"""How much of a sentence passages speak of, told by words, so in any language."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.answers.lexicon import Lexicon

# The shorter a word and the more often it is met, the less it says, in every language; beyond this length it says all.
LONG = 8
SHARED = 0.5
FEWEST = 2


@dataclass(frozen=True, slots=True)
class Topic:
    """The words of each sentence of the passages, and in how many of them each word stands."""

    sentences: tuple[frozenset[str], ...]
    met: Counter[str]

    @classmethod
    def of(cls, sentences: Sequence[str], lexicon: Lexicon) -> Topic:
        """What these sentences speak of."""
        each = tuple(lexicon.stems(sentence) for sentence in sentences)
        return cls(each, Counter(stem for stems in each for stem in stems))

    def has(self, stems: frozenset[str]) -> bool:
        """Whether one sentence has two of these words or more, and half of what they say together.

        Words that are scattered over the passages are no topic: those that every sentence needs always are.
        """
        whole = sum(map(self._weight, stems))
        shared = (stems & sentence for sentence in self.sentences)
        return any(len(both) >= FEWEST and sum(map(self._weight, both)) >= SHARED * whole for both in shared)

    def _weight(self, stem: str) -> float:
        return math.log((len(self.sentences) + 1) / (self.met[stem] or 1)) * min(len(stem), LONG)
