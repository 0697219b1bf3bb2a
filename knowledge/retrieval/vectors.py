"""Dense search over a bank's vectors: exact, in memory, taken from the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from knowledge.storage.catalog import Catalog
from knowledge.storage.scope import Ids

if TYPE_CHECKING:
    from knowledge.types import Matrix, Vector

# Up to this share of all rows it is faster to copy those that count than to go through all of them.
GATHERED = 0.3


class VectorIndex(Protocol):
    """Finds the chunks whose vectors are nearest to a query's, all of unit length."""

    def search(self, query: Vector, limit: int, documents: Ids | None) -> dict[int, float]:
        """The cosine of the nearest `limit` chunks, best first, of these documents only where they are given."""
        ...

    def within(self, documents: Ids, most: int) -> list[int] | None:
        """The chunks of these documents; None where there are more than `most`."""
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

    def among(self, chunk_ids: Sequence[int], documents: Ids) -> list[int]:
        """Those of `chunk_ids` that are live and belong to these documents, in their order."""
        ...

    def share(self, documents: Ids) -> float:
        """The share of all live chunks that belong to these documents."""
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

    def search(self, query: Vector, limit: int, documents: Ids | None) -> dict[int, float]:
        """Exact: one product over all vectors, or over those of the documents where they are few."""
        if documents is None:
            return _nearest(self.ids, self.matrix @ query, limit)
        rows = np.flatnonzero(np.isin(self.documents, documents))
        few = len(rows) < GATHERED * len(self.ids)
        cosines = self.matrix[rows] @ query if few else (self.matrix @ query)[rows]
        return _nearest(self.ids[rows], cosines, limit)

    def within(self, documents: Ids, most: int) -> list[int] | None:
        """By lookup."""
        chunks: list[int] = self.ids[np.isin(self.documents, documents)].tolist()
        return chunks if len(chunks) <= most else None

    def score(self, query: Vector, chunk_ids: Sequence[int]) -> dict[int, float]:
        """Exact, for these chunks only."""
        rows = rows_of(self.ids, chunk_ids)
        return dict(zip(self.ids[rows].tolist(), (self.matrix[rows] @ query).tolist(), strict=True))

    def owners(self, chunk_ids: Sequence[int]) -> dict[int, int]:
        """By lookup."""
        rows = rows_of(self.ids, chunk_ids)
        return dict(zip(self.ids[rows].tolist(), self.documents[rows].tolist(), strict=True))

    def nearest_in(self, query: Vector, documents: Sequence[int]) -> dict[int, int]:
        """Exact, over the chunks of these documents."""
        rows = np.flatnonzero(np.isin(self.documents, np.asarray(documents, dtype=np.int64)))
        cosines = self.matrix[rows] @ query
        nearest: dict[int, int] = {}
        for row in rows[np.argsort(cosines)]:
            nearest[int(self.documents[row])] = int(self.ids[row])
        return nearest

    def among(self, chunk_ids: Sequence[int], documents: Ids) -> list[int]:
        """By lookup."""
        return chunks_among(self.ids, self.documents, chunk_ids, documents)

    def share(self, documents: Ids) -> float:
        """By lookup."""
        return float(np.isin(self.documents, documents).mean()) if len(self.ids) else 0.0


def chunks_among(ids: Ids, owners: Ids, chunk_ids: Sequence[int], documents: Ids) -> list[int]:
    """Those of `chunk_ids` whose owner is one of `documents`; `owners` are those of `ids`, which ascend."""
    rows = rows_of(ids, chunk_ids)
    kept: list[int] = ids[rows[np.isin(owners[rows], documents)]].tolist()
    return kept


def rows_of(ids: Ids, chunk_ids: Sequence[int]) -> Ids:
    """The positions in `ids`, which ascend, of those of `chunk_ids` that are there, in their order."""
    wanted = np.asarray(chunk_ids, dtype=np.int64)
    rows: Ids = np.searchsorted(ids, wanted)
    rows, wanted = rows[rows < len(ids)], wanted[rows < len(ids)]
    live: Ids = rows[ids[rows] == wanted]
    return live


def _nearest(ids: Ids, cosines: Vector, limit: int) -> dict[int, float]:
    best = _best(cosines, limit)
    return dict(zip(ids[best].tolist(), cosines[best].tolist(), strict=True))


def _best(values: Vector, limit: int) -> Ids:
    """The positions of the `limit` largest values, largest first."""
    top = np.argpartition(values, -limit)[-limit:] if limit < len(values) else np.arange(len(values))
    order: Ids = top[np.argsort(-values[top], kind="stable")]
    return order
