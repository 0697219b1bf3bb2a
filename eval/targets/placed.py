"""A system whose citations are compared with gold evidence as the banks behind it hold it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from eval.cases import Case
from eval.observation import Observation
from eval.targets.placing import Placer
from eval.targets.target import Target


@dataclass(frozen=True, slots=True)
class PlacedTarget:
    """`inner`, with the evidence of each case, and what it cites, looked up in the banks that it answers from."""

    inner: Target
    placer: Placer

    def describe(self) -> Mapping[str, Any]:
        """That of the system within."""
        return self.inner.describe()

    def observe(self, case: Case) -> Observation:
        """What the system within did, and where the evidence stands."""
        seen = self.inner.observe(case)
        placed = self.placer.place(case)
        sentences = tuple(
            replace(one, citations=tuple(self.placer.named(hit, case.reader) for hit in one.citations))
            for one in seen.sentences
        )
        return replace(seen, sentences=sentences, gold=placed.gold, unplaced=placed.unplaced)
