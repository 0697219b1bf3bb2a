"""Whether two ways of judging agree: a model with itself, with a measure, or with people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.runs.record import CaseRecord

COUNTERPARTS = {"faithfulness": "groundedness", "correctness": "correct"}
YES = 0.5


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often two metrics say the same, and Cohen's kappa: 0 is what chance would give, 1 is perfect."""

    one: str
    other: str
    share: float
    kappa: float
    cases: int


def agreement(records: Sequence[CaseRecord], one: str, other: str) -> Agreement | None:
    """Both metrics as yes or no, over the cases that have both (Cohen 1960); None where no case has."""
    pairs = [
        (record.scores[one] >= YES, record.scores[other] >= YES)
        for record in records
        if one in record.scores and other in record.scores
    ]
    if not pairs:
        return None
    count = len(pairs)
    share = sum(a == b for a, b in pairs) / count
    yes = sum(a for a, _ in pairs) / count, sum(b for _, b in pairs) / count
    chance = yes[0] * yes[1] + (1 - yes[0]) * (1 - yes[1])
    kappa = 1.0 if chance == 1.0 else (share - chance) / (1 - chance)
    return Agreement(one, other, share, kappa, count)


def agreements(records: Sequence[CaseRecord]) -> list[Agreement]:
    """Every judge beside the measure that means the same."""
    found = (agreement(records, one, other) for one, other in COUNTERPARTS.items())
    return [one for one in found if one is not None]
