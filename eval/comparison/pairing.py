"""Cases that two runs have in common."""

from __future__ import annotations

from dataclasses import dataclass

from eval.runs.record import CaseRecord
from eval.runs.result import RunResult
from knowledge.errors import UsageError


@dataclass(frozen=True, slots=True)
class Pairs:
    """The records of the same cases, in the order of the first run; `left_out` names the others."""

    base: tuple[CaseRecord, ...]
    new: tuple[CaseRecord, ...]
    left_out: tuple[str, ...]

    @property
    def note(self) -> str:
        """What was not compared, as a sentence; empty where everything was."""
        if not self.left_out:
            return ""
        if len(self.left_out) == 1:
            return "1 case is in one run only or has changed, and was not compared."
        return f"{len(self.left_out):,} cases are in one run only or have changed, and were not compared."


def pair(base: RunResult, new: RunResult) -> Pairs:
    """Pairs the runs by id and content; raises `UsageError` where they have nothing in common."""
    theirs = {record.id: record for record in new.records}
    common = [
        (record, theirs[record.id])
        for record in base.records
        if record.id in theirs and theirs[record.id].digest == record.digest
    ]
    if not common:
        raise UsageError(
            f"The runs {base.name!r} and {new.name!r} have no case in common:", hint="run both over the same cases."
        )
    paired = {record.id for record, _ in common}
    every = dict.fromkeys(record.id for run in (base, new) for record in run.records)
    return Pairs(
        tuple(record for record, _ in common),
        tuple(record for _, record in common),
        tuple(name for name in every if name not in paired),
    )
