"""Dense search through Chroma, for a process that stays and owns the mirror of a large bank."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Self

import numpy as np

from knowledge.retrieval.vectors import ExactVectors, chunks_among, rows_of
from knowledge.storage.catalog import Catalog
from knowledge.storage.chroma import ChromaMirror
from knowledge.storage.scope import Ids

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from knowledge.types import Vector

OVERFETCH = 4

# What is called where Chroma fails, before the answer is exact: the mirror, what happened, and all vectors.
Lost = Callable[[ChromaMirror, Exception, ExactVectors], None]


class ChromaVectors:
    """A `VectorIndex` over the mirror; what Chroma does not hold or may not show is taken from the catalog.

    Belongs to one generation of the catalog. Where Chroma fails, it tells `lost` and answers exactly. Which document a
    chunk belongs to is kept in memory, 16 bytes a chunk; all vectors are only where a reader or a filter leaves too
    little of what Chroma finds.
    """

    def __init__(
        self, catalog: Catalog, mirror: ChromaMirror, dimension: int, owners: tuple[Ids, Ids], *, lost: Lost
    ) -> None:
        self._catalog = catalog
        self._mirror = mirror
        self._dimension = dimension
        self._ids, self._documents = owners
        self._lost = lost
        self._all: ExactVectors | None = None

    @classmethod
    def open(cls, catalog: Catalog, mirror: ChromaMirror, dimension: int, *, lost: Lost) -> Self | None:
        """The index, level with the catalog; None where another process owns the mirror, or it is far behind."""
        with catalog.reading() as connection:
            if not mirror.catch_up(connection):
                return None
            return cls(catalog, mirror, dimension, catalog.owners(), lost=lost)

    @classmethod
    def instead_of(cls, exact: ExactVectors, catalog: Catalog, mirror: ChromaMirror, *, lost: Lost) -> Self:
        """The index over a mirror that is open and level with the generation of `exact`."""
        return cls(catalog, mirror, exact.matrix.shape[1], (exact.ids, exact.documents), lost=lost)

    def search(self, query: Vector, limit: int, documents: Ids | None) -> dict[int, float]:
        """Approximate; exact over the visible documents where too few of the nearest are live and may be seen."""
        visible = np.ones(len(self._ids), np.bool_) if documents is None else np.isin(self._documents, documents)
        counts = (limit, limit * OVERFETCH) if documents is None else (limit * OVERFETCH,)
        found = None
        if visible.sum() * OVERFETCH >= len(self._ids):
            try:
                found = self._approximate(query, limit, visible, counts)
            except Exception as error:  # of Chroma's own kinds and others: the catalog has all that is needed
                self._lost(self._mirror, error, self._exact())
        return self._exact().search(query, limit, documents) if found is None else found

    def _approximate(
        self, query: Vector, limit: int, visible: NDArray[np.bool_], counts: Sequence[int]
    ) -> dict[int, float] | None:
        """Among so many of Chroma's nearest; None where too few of the most are visible."""
        for count in counts:
            found = self._mirror.nearest(query, count)
            # Whatever else Chroma holds, only live chunks are known here.
            rows = rows_of(self._ids, list(found))
            seen = self._ids[rows[visible[rows]]][:limit].tolist()
            if len(seen) == limit or len(found) < count:
                return {chunk: found[chunk] for chunk in seen}
        return None

    def within(self, documents: Ids, most: int) -> list[int] | None:
        """By lookup."""
        chunks = self._ids[np.isin(self._documents, documents)]
        return chunks.tolist() if len(chunks) <= most else None

    def score(self, query: Vector, chunk_ids: Sequence[int]) -> dict[int, float]:
        """Exact, from the catalog's vectors."""
        return self._read(rows_of(self._ids, chunk_ids)).score(query, chunk_ids)

    def owners(self, chunk_ids: Sequence[int]) -> dict[int, int]:
        """By lookup."""
        rows = rows_of(self._ids, chunk_ids)
        return dict(zip(self._ids[rows].tolist(), self._documents[rows].tolist(), strict=True))

    def nearest_in(self, query: Vector, documents: Sequence[int]) -> dict[int, int]:
        """Exact, from the catalog's vectors."""
        wanted = np.asarray(documents, dtype=np.int64)
        return self._read(np.flatnonzero(np.isin(self._documents, wanted))).nearest_in(query, documents)

    def among(self, chunk_ids: Sequence[int], documents: Ids) -> list[int]:
        """By lookup."""
        return chunks_among(self._ids, self._documents, chunk_ids, documents)

    def share(self, documents: Ids) -> float:
        """By lookup."""
        return float(np.isin(self._documents, documents).mean()) if len(self._ids) else 0.0

    def _read(self, rows: Ids) -> ExactVectors:
        """The vectors of some rows, ascending; all of them where they are in memory anyway."""
        if self._all is not None:
            return self._all
        rows = np.sort(rows)
        matrix = self._catalog.vectors_of(self._ids[rows], self._dimension)
        return ExactVectors(self._ids[rows], self._documents[rows], matrix)

    def _exact(self) -> ExactVectors:
        """All vectors, read when they are first needed; whoever searches holds the catalog's lock."""
        if self._all is None:
            self._all = ExactVectors.load(self._catalog, self._dimension)
        return self._all
