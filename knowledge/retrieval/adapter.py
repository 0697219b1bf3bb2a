"""Moving questions towards what answers them, as the questions of a bank have shown.

People ask in other words than documents answer in, and often in much the same words as each other. A linear map of the
questions' vectors, fitted by ridge regression (Hoerl and Kennard, "Ridge Regression: Biased Estimation for
Nonorthogonal Problems", Technometrics 1970, section 3) from questions to their evidence, learns that. What is stored of
a bank stays as it is.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from knowledge.types import Matrix, Vector

# The directions of the map that are kept, the strongest ones: a card holds twice as many int8 vectors.
RANK = 32


@dataclass(frozen=True, slots=True, eq=False)
class QueryAdapter:
    """Adds `query @ left @ right` to the vector of a question.

    `left` is float32 of shape (dimension, rank), `right` of shape (rank, dimension).
    """

    left: Matrix
    right: Matrix

    @classmethod
    def fit(cls, questions: Matrix, evidence: Matrix, *, penalty: float, rank: int = RANK) -> Self:
        """From float32 pairs of unit vectors, both of shape (n, dimension).

        The less `penalty`, the closer the pairs are followed; with a large one questions stay where they are.
        """
        asked, wanted = questions.astype(np.float64), (evidence - questions).astype(np.float64)
        gram = asked.T @ asked + penalty * np.eye(asked.shape[1])
        whole = np.linalg.solve(gram, asked.T @ wanted)
        # The strongest directions by eigenvalues: a singular value decomposition does not converge on every such map.
        directions = np.linalg.eigh(whole.T @ whole)[1][:, : -rank - 1 : -1]
        return cls((whole @ directions).astype(np.float32), directions.T.astype(np.float32))

    def __call__(self, query: Vector) -> Vector:
        """The unit vector to search with, for that of a question."""
        moved = np.asarray(query + (query @ self.left) @ self.right, np.float32)
        length = np.float32(np.linalg.norm(moved))
        return moved / length if length > 0 else query

    def packed(self) -> str:
        """As a card holds it: every vector in int8 with its scale in float32, in base64."""
        rows = np.concatenate([self.left.T, self.right])
        scales = np.maximum(np.abs(rows).max(axis=1, keepdims=True), np.finfo(np.float32).tiny) / 127
        data = scales.astype("<f4").tobytes() + np.rint(rows / scales).astype(np.int8).tobytes()
        return base64.b64encode(data).decode("ascii")

    @classmethod
    def unpacked(cls, packed: str, dimension: int) -> Self:
        """What `packed` wrote, for vectors of `dimension` numbers."""
        data = base64.b64decode(packed)
        count = len(data) // (4 + dimension)
        scales = np.frombuffer(data, "<f4", count)[:, None]
        rows = np.frombuffer(data, np.int8, offset=4 * count).reshape(count, dimension) * scales
        return cls(np.ascontiguousarray(rows[: count // 2].T), np.ascontiguousarray(rows[count // 2 :]))
