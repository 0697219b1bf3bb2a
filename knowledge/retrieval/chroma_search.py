"""Dense search through Chroma, for a process that stays and owns the mirror of a large bank."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Self

import numpy as np

from knowledge.retrieval.vectors import ExactVectors
from knowledge.storage.catalog import Catalog
from knowledge.storage.chroma import ChromaMirror

if TYPE_CHECKING:
    from knowledge.types import Vector

OVERFETCH = 4


class ChromaVectors:
    """A `VectorIndex` over the mirror; what Chroma does not hold or may not show is taken from the catalog."""

    def __init__(self, catalog: Catalog, mirror: ChromaMirror, dimension: int) -> None:
        self._catalog = catalog
        self._mirror = mirror
        self._dimension = dimension

    @classmethod
    def open(cls, catalog: Catalog, mirror: ChromaMirror, dimension: int) -> Self | None:
        """The index, level with the catalog; None where another process owns the mirror."""
        with catalog.reading() as connection:
            return cls(catalog, mirror, dimension) if mirror.catch_up(connection) else None

    def search(self, query: Vector, limit: int, documents: Collection[int] | None) -> dict[int, float]:
        """Approximate; exact over the visible documents where too few of the nearest may be seen."""
        wanted = limit if documents is None else limit * OVERFETCH
        found = self._mirror.nearest(query, wanted)
        if documents is None:
            return found
        owners = self.owners(list(found))
        visible = [chunk for chunk in found if owners.get(chunk) in documents]
        if len(visible) < limit and len(found) == wanted:
            return self._exact(list(documents)).search(query, limit, None)
        return {chunk: found[chunk] for chunk in visible[:limit]}

    def score(self, query: Vector, chunk_ids: Sequence[int]) -> dict[int, float]:
        """Exact, from the catalog's vectors."""
        ids, _, matrix = self._catalog.vectors(self._dimension, chunks=chunk_ids)
        return dict(zip(ids.tolist(), (matrix @ query).tolist(), strict=True))

    def owners(self, chunk_ids: Sequence[int]) -> dict[int, int]:
        """From the catalog."""
        ids, documents, _ = self._catalog.vectors(self._dimension, chunks=chunk_ids)
        return dict(zip(ids.tolist(), documents.tolist(), strict=True))

    def nearest_in(self, query: Vector, documents: Sequence[int]) -> dict[int, int]:
        """Exact, from the catalog's vectors."""
        return self._exact(documents).nearest_in(query, documents)

    def _exact(self, documents: Sequence[int]) -> ExactVectors:
        return ExactVectors(*self._catalog.vectors(self._dimension, documents=np.asarray(documents).tolist()))
