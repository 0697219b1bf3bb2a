"""An embedding model and a reranker for tests: instant, deterministic, and with no weights to load."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from knowledge.embedding.embedder import EmbedderIdentity, Reading, TokenCounter

if TYPE_CHECKING:
    from knowledge.types import Matrix, Vector

WORD = re.compile(r"\w+|[^\w\s]")


class WordCounter:
    """Words and punctuation marks as tokens."""

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """The span of each word and each punctuation mark."""
        return [match.span() for match in WORD.finditer(text)]

    def count(self, text: str) -> int:
        """How many there are."""
        return len(self.offsets(text))


@dataclass(frozen=True, slots=True)
class HashingEmbedder:
    """A bag of words, hashed (Weinberger et al. 2009, "Feature Hashing", section 2): shared words mean nearness."""

    identity: EmbedderIdentity = field(default=EmbedderIdentity("hashing", 64, "none", 256))

    def tokens(self) -> TokenCounter:
        """Words and punctuation marks."""
        return WordCounter()

    def embed_query(self, text: str) -> Vector:
        """As any other text."""
        vector: Vector = self.embed([text])[0]
        return vector

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One row per text, of unit length; a text without words points along the first axis."""
        rows = np.zeros((len(texts), self.identity.dimension), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in WORD.findall(text.lower()):
                code = crc32(word.encode())
                row[code % len(row)] += 1.0 if code & 65536 else -1.0
            if not row.any():
                row[0] = 1.0
            row /= np.linalg.norm(row)
        return rows

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """The vectors of `embed`; a token's is that of its word alone."""
        return [self._reading(text, vector) for text, vector in zip(texts, self.embed(texts), strict=True)]

    def _reading(self, text: str, vector: Vector) -> Reading:
        spans = self.tokens().offsets(text)
        return Reading(vector, self.embed([text[slice(*span)] for span in spans]).astype(np.float16), tuple(spans))

    def embed_bulk(self, texts: Sequence[str]) -> Matrix:
        """As `embed`."""
        return self.embed(texts)


@dataclass(frozen=True, slots=True)
class ScriptedReranker:
    """A reranker that scores by a function of question and text; `asked` keeps every question with what was read."""

    score: Callable[[str, str], float]
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def scores(self, question: str, texts: Sequence[str]) -> Vector:
        """What the function gives for each."""
        self.asked.append((question, tuple(texts)))
        return np.array([self.score(question, text) for text in texts], np.float32)
