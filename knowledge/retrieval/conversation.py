"""A question that is the last of several turns: how much the turns before it count.

The share of the last turn and the fading of earlier ones were chosen on Doc2Dial, the only set at hand that has turns
(`docs/decisions.md`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from knowledge.types import Vector

FADING = 0.7


def conversation_vector(question: str, history: Sequence[str], embed: Callable[[str], Vector]) -> Vector:
    """The unit vector of what is asked after `history`, oldest turn first.

    The whole conversation and its last turn count alike: the one says what it is about, the other what is asked, and
    would be cut where the conversation is longer than the model reads.
    """
    if not history:
        return embed(question)
    mixed = embed(" ".join([*history, question])) + embed(question)
    length = float(np.linalg.norm(mixed))
    vector: Vector = mixed / length if length > 0 else embed(question)
    return vector


def term_weights(question: str, history: Sequence[str], terms: Callable[[str], Sequence[str]]) -> Mapping[str, float]:
    """What each term counts: 1 in the question, and less and less in turns that lie further back."""
    weights: dict[str, float] = {}
    for back, turn in enumerate([question, *reversed(history)]):
        for term in terms(turn):
            weights.setdefault(term, FADING**back)
    return weights
