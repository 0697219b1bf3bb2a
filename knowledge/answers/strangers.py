"""Words of a sentence that no passage has: whether they say the same in other words, or something else.

A word that says the same brings the sentence nearer to the passage; one that says something else ("for ever" where the
passage says "until March") takes it away from there, and without it the sentence is the nearer one. Measured on
2026-11-26 by `support`, of sentences that it let stand before: SciFact, 64 contradicted claims 21 to 18, 112 that their
abstract does not speak of 20 to 12, 124 supported ones 68 to 63; Doc2Dial, 399 sentences in the words of people who had
the passage before them, 298 to 284.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from knowledge.answers.claims import CONTRACTED_NOT
from knowledge.answers.lexicon import Lexicon, Word
from knowledge.embedding.embedder import Embedder

if TYPE_CHECKING:
    from knowledge.types import Vector

FURTHER = 0.04
MOST_TRIED = 8
# "Of course, ...", "According to the handbook, ...": a few words that open a sentence before its matter begins.
OPENING = re.compile(r"\s*\w+(?:\s+\w+){0,4}\s*[,!:–—]")
LONGEST_PREFIX = 3
SHORTEST_WORD = 5


def strangers(sentence: str, held: Collection[str], lexicon: Lexicon) -> list[Word]:
    """The content words of `sentence` whose stems are not among `held`."""
    content = [word for word in lexicon.words(sentence) if not word.is_stop]
    opening = OPENING.match(sentence)
    begin = opening.end() if opening else 0
    if any(word.stem in held for word in content if word.start < begin):
        begin = 0
    return [
        word
        for word in content
        if word.stem not in held and word.start >= begin and not CONTRACTED_NOT.search(word.surface)
    ]


def say_otherwise(
    sentence: str, words: Sequence[Word], units: Mapping[str, Vector], embedder: Embedder, *, cosine: float
) -> bool:
    """Whether one of `words`, which `units` do not have, makes of `sentence` something that they do not say.

    `units` are texts with their vectors, `cosine` is that of the sentence to the nearest of them. What is left to
    embed is the sentence without a word, once for each until one of them is found.
    """
    if not words:
        return False
    known = {word.casefold().strip(".,;:!?()\"'") for text in units for word in text.split()}
    if any(_turns(word.surface.casefold(), other) for word in words for other in known):
        return True

    def nearness(text: str) -> float:
        [vector] = embedder.embed([text])
        return max(float(vector @ unit) for unit in units.values())

    without = (f"{sentence[: word.start]}{sentence[word.end :]}" for word in words[:MOST_TRIED])
    return any(nearness(text) - cosine > FURTHER for text in without)


def _turns(word: str, other: str) -> bool:
    """Whether `word` is the other with a short prefix, which is how most languages that have any turn a word around."""
    return len(other) >= SHORTEST_WORD and 0 < len(word) - len(other) <= LONGEST_PREFIX and word.endswith(other)
