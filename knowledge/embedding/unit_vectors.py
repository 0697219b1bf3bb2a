"""Vectors of unit length, so that a dot product is a cosine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from knowledge.types import Matrix


def unit_rows(vectors: ArrayLike) -> Matrix:
    """The rows as float32 of unit length; a row of zeros, for a text without tokens, points along the first axis."""
    rows = np.array(vectors, np.float32)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    empty = norms[:, 0] == 0
    rows[empty, 0] = norms[empty] = 1.0
    unit: Matrix = rows / norms
    return unit
