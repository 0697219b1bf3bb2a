"""Another order of the first passages: by a model that reads the question and each of them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from knowledge.types import Passage, indexed

if TYPE_CHECKING:
    from knowledge.types import Vector

# Of the turns before the question the last so many characters, so that no passage has to be cut for them.
HISTORY_READ = 500


class Reranker(Protocol):
    """A model that says how well each text answers a question."""

    def scores(self, question: str, texts: Sequence[str]) -> Vector:
        """One number a text, in order; more is better, and nothing else is known of their scale."""
        ...


def reranked(question: str, passages: Sequence[Passage], reranker: Reranker, first: int) -> tuple[Passage, ...]:
    """The `first` of the passages in the reranker's order, then the others as they were.

    Each of them gets the total of its new place, so that totals still order the passages; equals stay as they stood.
    """
    head = passages[:first]
    if len(head) < 2:
        return tuple(passages)
    order = np.argsort(-reranker.scores(question, [read_text(passage) for passage in head]), kind="stable")
    totals = sorted((passage.scores.total for passage in head), reverse=True)
    moved = [_moved(head[int(at)], total) for at, total in zip(order, totals, strict=True)]
    return (*moved, *passages[first:])


def read_text(passage: Passage) -> str:
    """What the reranker reads of a passage: as it is indexed, title and headings above the text."""
    parts = dict.fromkeys(" ".join(part.split()) for part in (passage.title, *passage.headings))
    return indexed(" > ".join(part for part in parts if part), passage.text)


def with_history(question: str, history: Sequence[str]) -> str:
    """The question behind the end of the conversation before it."""
    return f"{' '.join(history)[-HISTORY_READ:]} {question}".strip()


def _moved(passage: Passage, total: float) -> Passage:
    return replace(passage, scores=replace(passage.scores, total=total, rerank=total - passage.scores.total))
