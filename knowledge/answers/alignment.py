"""How near the words of a question come to those of a unit, each in its context.

Late interaction (Khattab and Zaharia, "ColBERT", SIGIR 2020, section 3.2): for every token of the question the nearest
token of the unit counts. Here their mean is taken, in which words weigh as rare as they are among the units read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from knowledge.answers.lexicon import Lexicon
from knowledge.embedding.embedder import Reading

if TYPE_CHECKING:
    from knowledge.types import Matrix, Vector


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Compares units with one question: its `tokens` and their `weights`, which sum to one."""

    tokens: Matrix
    weights: Vector

    @classmethod
    def of(cls, text: str, reading: Reading, rarities: Mapping[str, float], lexicon: Lexicon) -> Alignment | None:
        """For the question `text`; None where the model tells no tokens. Words without a rarity weigh nothing."""
        if not reading.spans:
            return None
        weights = np.zeros(len(reading.spans), np.float32)
        for word in lexicon.words(text):
            within = reading.within(word.start, word.end)
            weights[within] = rarities.get(word.stem, 0.0) / max(1, len(within))
        if not weights.any():
            weights[:] = 1.0
        return cls(reading.tokens.astype(np.float32), weights / weights.sum())

    def __call__(self, unit: Reading) -> float:
        """The mean cosine, in -1..1, of the question's tokens to the nearest of the unit's."""
        if not unit.spans:
            return 0.0
        nearest = (self.tokens @ unit.tokens.astype(np.float32).T).max(axis=1)
        return float(self.weights @ nearest)
