"""Dense search over a bank's vectors: exact, in memory, taken from the catalog."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from knowledge.storage.catalog import Catalog, Ids

if TYPE_CHECKING:
    from knowledge.types import Matrix, Vector


class VectorIndex(Protocol):
    """Finds the chunks whose vectors are nearest to a query's, all of unit length."""

    def search(self, query: Vector, limit: int, documents: Collection[int] | None) -> dict[int, float]:
        """The cosine of the nearest `limit` chunks, best first, of these documents only where they are given."""
        ...

    def score(self, query: Vector, chunk_ids: Sequence[int]) -> dict[int, float]:
        """The cosine of each of `chunk_ids` that is live."""
        ...

    def owners(self, chunk_ids: Sequence[int]) -> dict[int, int]:
        """The document of each of `chunk_ids` that is live."""
        ...

    def nearest_in(self, query: Vector, documents: Sequence[int]) -> dict[int, int]:
        """For each of the documents its chunk nearest to the query: document id to chunk id."""
        ...


@dataclass(frozen=True, slots=True)
class ExactVectors:
    """Every live vector of one generation of a catalog.

    `ids` and `documents` are int64 of shape (n,), ids ascending; `matrix` is float32 of shape (n, dimension).
    """

    ids: Ids
    documents: Ids
    matrix: Matrix

    @classmethod
    def load(cls, catalog: Catalog, dimension: int) -> ExactVectors:
        """All live vectors of the catalog."""
        return cls(*catalog.vectors(dimension))

    def search(self, query: Vector, limit: int, documents: Collection[int] | None) -> dict[int, float]:
        """Exact: one product over all vectors."""
        cosines = self.matrix @ query
        if documents is not None:
            visible = np.isin(self.documents, np.fromiter(documents, np.int64, len(documents)))
            cosines = np.where(visible, cosines, -np.inf)
        best = _best(cosines, limit)
        return {int(self.ids[row]): float(cosines[row]) for row in best if cosines[row] > -np.inf}

    def score(self, query: Vector, chunk_ids: Sequence[int]) -> dict[int, float]:
        """Exact, for these chunks only."""
        rows = self._rows(chunk_ids)
        return dict(zip(self.ids[rows].tolist(), (self.matrix[rows] @ query).tolist(), strict=True))

    def owners(self, chunk_ids: Sequence[int]) -> dict[int, int]:
        """By lookup."""
        rows = self._rows(chunk_ids)
        return dict(zip(self.ids[rows].tolist(), self.documents[rows].tolist(), strict=True))

    def nearest_in(self, query: Vector, documents: Sequence[int]) -> dict[int, int]:
        """Exact, over the chunks of these documents."""
        rows = np.flatnonzero(np.isin(self.documents, np.asarray(documents, dtype=np.int64)))
        cosines = self.matrix[rows] @ query
        nearest: dict[int, int] = {}
        for row in rows[np.argsort(cosines)]:
            nearest[int(self.documents[row])] = int(self.ids[row])
        return nearest

    def _rows(self, chunk_ids: Sequence[int]) -> Ids:
        wanted = np.asarray(chunk_ids, dtype=np.int64)
        rows: Ids = np.searchsorted(self.ids, wanted)
        rows, wanted = rows[rows < len(self.ids)], wanted[rows < len(self.ids)]
        live: Ids = rows[self.ids[rows] == wanted]
        return live


def _best(values: Vector, limit: int) -> Ids:
    """The positions of the `limit` largest values, largest first."""
    top = np.argpartition(values, -limit)[-limit:] if limit < len(values) else np.arange(len(values))
    order: Ids = top[np.argsort(-values[top], kind="stable")]
    return order
