"""The gate: whether a run is significantly worse than a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.comparison.comparison import Comparison, compare
from eval.comparison.difference import Difference
from eval.runs.record import CaseRecord
from eval.runs.result import RunResult
from knowledge.terminal.presentation import counted

GATED = (
    "recall@5",
    "span-recall@5",
    "page-recall@5",
    "ndcg@10",
    "correct",
    "citation-recall",
    "groundedness",
    "right",
    "abstention-recall",
)
TOO_FEW = 20


@dataclass(frozen=True, slots=True)
class GateReport:
    """What the gate looked at. `worse` holds the measures that fell, `broken` the cases that fail only now."""

    comparison: Comparison
    worse: tuple[Difference, ...]
    broken: tuple[CaseRecord, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing fell and nothing broke."""
        return not (self.worse or self.broken)

    @property
    def sentences(self) -> list[str]:
        """Why the gate did not pass, a sentence each."""
        fell = [
            f"{one.metric} fell from {one.base:.3f} to {one.new:.3f} over {counted(one.cases, 'case')}"
            f" (95 % interval of the change {one.low:+.3f} to {one.high:+.3f}, p = {one.corrected:.4f});"
            f" worst hit: {', '.join(one.losses[:3]) or 'no single case'}."
            if one.higher_is_better
            else f"{one.metric} rose from {one.base:.3f} to {one.new:.3f} over {counted(one.cases, 'case')}"
            f" (95 % interval of the change {one.low:+.3f} to {one.high:+.3f}, p = {one.corrected:.4f})."
            for one in self.worse
        ]
        return [*fell, *(f"{record.id} fails now: {record.error}" for record in self.broken)]

    @property
    def notes(self) -> list[str]:
        """What weakens the verdict."""
        found = []
        cases = len(self.comparison.pairs.base)
        if left_out := self.comparison.pairs.note:
            found.append(left_out)
        if cases < TOO_FEW:
            are = "is" if cases == 1 else "are"
            found.append(f"{counted(cases, 'case')} {are} too few to notice any but the largest drops.")
        return found


def gate(
    baseline: RunResult, new: RunResult, *, metrics: Sequence[str] = (), tolerance: float = 0.0, seed: int = 0
) -> GateReport:
    """Holds `new` to `baseline` by `metrics`, by `GATED` where none are given.

    A measure fails that got worse by more than `tolerance`, and by more than chance explains once corrected for how
    many measures are looked at. Raises `UsageError` where nothing can be compared.
    """
    chosen = metrics or [name for name in GATED if name in baseline.figures and name in new.figures]
    comparison = compare(baseline, new, metrics=chosen, seed=seed)
    worse = tuple(d for d in comparison.differences if d.verdict == "worse" and abs(d.change) > tolerance)
    pairs = zip(comparison.pairs.base, comparison.pairs.new, strict=True)
    broken = tuple(after for before, after in pairs if after.error and not before.error)
    return GateReport(comparison, worse, broken)
