"""An embedder that remembers what it embedded last, for sentences that are read again and again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from knowledge.embedding.embedder import Embedder, EmbedderIdentity, TokenCounter

if TYPE_CHECKING:
    from knowledge.types import Matrix, Vector

# 6 MB of vectors of 384 numbers, and the sentences of several hundred passages.
REMEMBERED = 4096


class Remembering:
    """As the embedder within, which is asked only for texts that are not among the last `most` ones. Thread-safe.

    What is embedded as a sentence and what exactly are remembered apart.
    """

    def __init__(self, inner: Embedder, most: int = REMEMBERED) -> None:
        self._inner = inner
        self._exact = _Memory(inner.embed, most)
        self._sentences = _Memory(inner.embed_sentences, most)

    @property
    def identity(self) -> EmbedderIdentity:
        """That of the embedder within."""
        return self._inner.identity

    def tokens(self) -> TokenCounter:
        """Those of the embedder within."""
        return self._inner.tokens()

    def embed_query(self, text: str) -> Vector:
        """As a sentence."""
        vector: Vector = self.embed_sentences([text])[0]
        return vector

    def embed(self, texts: Sequence[str]) -> Matrix:
        """The vectors of all texts; those that are new are embedded together."""
        return self._exact.vectors(texts) if texts else self._none()

    def embed_sentences(self, texts: Sequence[str]) -> Matrix:
        """As `embed`, as sentences."""
        return self._sentences.vectors(texts) if texts else self._none()

    def embed_bulk(self, texts: Sequence[str]) -> Matrix:
        """By the embedder within; what goes into a bank is not asked for again."""
        return self._inner.embed_bulk(texts)

    def _none(self) -> Matrix:
        return np.empty((0, self.identity.dimension), np.float32)


class _Memory:
    """The vectors of the last `most` texts that were asked for; others are embedded."""

    def __init__(self, embed: Callable[[Sequence[str]], Matrix], most: int) -> None:
        self._embed = embed
        self._most = most
        self._lock = Lock()
        self._vectors: OrderedDict[str, Vector] = OrderedDict()

    def vectors(self, texts: Sequence[str]) -> Matrix:
        known = self._recalled(texts)
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known |= zip(new, self._embed(new), strict=True)
            self._remember({text: known[text] for text in new})
        return np.stack([known[text] for text in texts])

    def _recalled(self, texts: Sequence[str]) -> dict[str, Vector]:
        with self._lock:
            known = {text: self._vectors[text] for text in texts if text in self._vectors}
            for text in known:
                self._vectors.move_to_end(text)
        return known

    def _remember(self, vectors: dict[str, Vector]) -> None:
        with self._lock:
            self._vectors.update(vectors)
            while len(self._vectors) > self._most:
                self._vectors.popitem(last=False)
