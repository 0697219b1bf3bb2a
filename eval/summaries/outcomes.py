"""The outcomes of a run as columns, so that a resample of them costs one indexing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case: whether it could be answered, whether it was, how surely, how well, in how many seconds.

    `correct` lies in 0..1 and counts what was withheld too; None where nothing tells what would be right. Where the
    system `failed`, it neither answered nor abstained.
    """

    answerable: bool
    answered: bool
    confidence: float | None
    correct: float | None
    seconds: float = 0.0
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Columns of equal length; what is not known is NaN."""

    answerable: Bools
    answered: Bools
    confidence: Floats
    correct: Floats
    seconds: Floats
    failed: Bools

    @classmethod
    def of(cls, rows: Sequence[Outcome]) -> Outcomes:
        """The rows as columns."""
        return cls(
            np.array([row.answerable for row in rows], bool),
            np.array([row.answered for row in rows], bool),
            _floats([row.confidence for row in rows]),
            _floats([row.correct for row in rows]),
            _floats([row.seconds for row in rows]),
            np.array([row.failed for row in rows], bool),
        )

    @property
    def withheld(self) -> Bools:
        """The cases to which the system said that the documents do not answer."""
        return ~(self.answered | self.failed)

    def __len__(self) -> int:
        return len(self.answerable)

    def take(self, rows: Indices) -> Outcomes:
        """The outcomes at `rows`, which may repeat."""
        return Outcomes(*(getattr(self, one.name)[rows] for one in fields(self)))

    def joined(self, other: Outcomes) -> Outcomes:
        """These outcomes, then `other`."""
        pairs = ((getattr(self, one.name), getattr(other, one.name)) for one in fields(self))
        return Outcomes(*(np.concatenate(pair) for pair in pairs))

    def judged(self) -> tuple[Floats, Floats]:
        """Confidence and correctness of the cases that have both."""
        known = ~(np.isnan(self.confidence) | np.isnan(self.correct))
        return self.confidence[known], self.correct[known]


def _floats(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], np.float64)
