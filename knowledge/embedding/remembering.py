"""An embedder that remembers what it embedded last, for sentences that are read again and again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from knowledge.embedding.embedder import Embedder, EmbedderIdentity, Reading, TokenCounter

if TYPE_CHECKING:
    from knowledge.types import Matrix, Vector

# 6 MB of vectors of 384 numbers, and the sentences of several hundred passages.
REMEMBERED = 4096
# The readings of the sentences of some fifty answers, with the vectors of their tokens in half precision.
BYTES_REMEMBERED = 12_000_000
Kept = TypeVar("Kept")


class Remembering:
    """As the embedder within, which is asked only for texts that are not among the last ones. Thread-safe.

    Of texts that are embedded, as questions or others, the last `most` are remembered, of those that are read, the last
    of which the vectors have `nbytes` bytes together.
    """

    def __init__(self, inner: Embedder, most: int = REMEMBERED, *, nbytes: int = BYTES_REMEMBERED) -> None:
        self._inner = inner
        self._exact: _Memory[Vector] = _Memory(inner.embed, most, lambda _vector: 1)
        self._questions: _Memory[Vector] = _Memory(lambda texts: map(inner.embed_query, texts), most, lambda _vector: 1)
        self._readings: _Memory[Reading] = _Memory(inner.read, nbytes, lambda reading: reading.nbytes)

    @property
    def identity(self) -> EmbedderIdentity:
        """That of the embedder within."""
        return self._inner.identity

    def tokens(self) -> TokenCounter:
        """Those of the embedder within."""
        return self._inner.tokens()

    def embed_query(self, text: str) -> Vector:
        """By the embedder within, which may put a question otherwise than what answers it."""
        return self._questions.recall([text])[0]

    def embed(self, texts: Sequence[str]) -> Matrix:
        """The vectors of all texts; those that are new are embedded together."""
        return np.stack(self._exact.recall(texts)) if texts else np.empty((0, self.identity.dimension), np.float32)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """The readings of all texts; those that are new are read together."""
        return self._readings.recall(texts)

    def embed_bulk(self, texts: Sequence[str]) -> Matrix:
        """By the embedder within; what goes into a bank is not asked for again."""
        return self._inner.embed_bulk(texts)


class _Memory(Generic[Kept]):
    """What `make` gave for the last texts that were asked for, as many as weigh `most` together by `weight`."""

    def __init__(
        self, make: Callable[[Sequence[str]], Iterable[Kept]], most: int, weight: Callable[[Kept], int]
    ) -> None:
        self._make = make
        self._most = most
        self._weight = weight
        self._lock = Lock()
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._held = 0

    def recall(self, texts: Sequence[str]) -> list[Kept]:
        known = self._known(texts)
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known |= zip(new, self._make(new), strict=True)
            self._remember({text: known[text] for text in new})
        return [known[text] for text in texts]

    def _known(self, texts: Sequence[str]) -> dict[str, Kept]:
        with self._lock:
            known = {text: self._kept[text] for text in texts if text in self._kept}
            for text in known:
                self._kept.move_to_end(text)
        return known

    def _remember(self, made: dict[str, Kept]) -> None:
        with self._lock:
            for text, one in made.items():
                # Another thread may have made it meanwhile: it weighs the same.
                self._held += self._weight(one) if text not in self._kept else 0
                self._kept[text] = one
            while self._held > self._most:
                self._held -= self._weight(self._kept.popitem(last=False)[1])
