"""Where the text of an answer ends for a client: at words that it stops at, and after so many tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from knowledge.embedding.embedder import TokenCounter

Finish = Literal["stop", "length"]
LAST_WORD = re.compile(r"\s*\S*\Z")


@dataclass(frozen=True, slots=True)
class Cutting:
    """Ends a text before the first of `stops`, and after `most` tokens of `counter`, where they are given."""

    stops: Sequence[str] = ()
    most: int | None = None
    counter: TokenCounter | None = None

    def cut(self, text: str) -> tuple[str, Finish]:
        """What is told of a whole text, and why it ends there."""
        # Of several, the one that is whole first, as it would be while the text comes.
        found = [(at + len(stop), at) for stop in self.stops if (at := text.find(stop)) >= 0]
        kept = text[: min(found)[1]] if found else text
        if self.most is None or self.counter is None:
            return kept, "stop"
        tokens = self.counter.offsets(kept)
        return (kept, "stop") if len(tokens) <= self.most else (kept[: tokens[self.most - 1][1]], "length")

    def certain(self, text: str) -> str:
        """What is surely told of a text that goes on: not what may be the beginning of a word that ends it."""
        kept, _ = Cutting(self.stops).cut(text)
        if kept == text:
            begun = (size for stop in self.stops for size in range(1, len(stop)) if text.endswith(stop[:size]))
            kept = text[: len(text) - max(begun, default=0)]
        if self.most is None:
            return kept
        # A word that goes on may have other tokens in the end, and no token ends with the blank behind it.
        counted, _ = self.cut(LAST_WORD.sub("", text))
        return min(kept, counted, key=len)
