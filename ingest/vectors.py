"""Embedding for a run: with what starts at once, and from some hundred chunks on with what runs fastest."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from knowledge.embedding.embedder import Embedder
    from knowledge.types import Matrix

# A hundred chunks take ONNX Runtime about as long as loading torch takes.
WORTH_BULK = 100
# So few texts at a time until bulk is ready that the change to it is not missed for seconds.
SLICE = 32


class RunEmbedder:
    """One embedder for the chunks of one run; used by one thread.

    Getting ready for bulk takes seconds (torch has to be loaded), so it happens beside the first chunks.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._seen = 0
        self._preparing: threading.Thread | None = None

    def embed(self, texts: Sequence[str]) -> Matrix:
        """Unit vectors as float32 of shape (len(texts), dimension)."""
        self._seen += len(texts)
        if self._preparing is None and self._seen >= WORTH_BULK:
            self._preparing = threading.Thread(target=self._embedder.embed_bulk, args=(["ready"],), daemon=True)
            self._preparing.start()
        parts, done = [], 0
        while done < len(texts):
            part = self._embed(texts[done:])
            done += len(part)
            parts.append(part)
        return np.concatenate(parts) if parts else self._embedder.embed(texts)

    def _embed(self, texts: Sequence[str]) -> Matrix:
        """The vectors of all texts, or of the first few while bulk is not ready."""
        return self._embedder.embed_bulk(texts) if self._is_ready else self._embedder.embed(texts[:SLICE])

    @property
    def _is_ready(self) -> bool:
        return self._preparing is not None and not self._preparing.is_alive()
