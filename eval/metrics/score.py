"""A measured value, and why it is what it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Score:
    """A finite number with a reason that a person can check, empty where the number says it all."""

    value: float
    reason: str = ""

    def __post_init__(self) -> None:
        if self.value != self.value or self.value in (float("inf"), float("-inf")):
            raise ValueError("a score must be a finite number")
