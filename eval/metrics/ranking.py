"""Ranking of documents: recall, nDCG, reciprocal rank. A document stands where its best passage stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from eval.cases import Case, Gold
from eval.evidence import Groups, evidence, first_rank, meets_document, met, share_met
from eval.metrics.score import Score
from eval.observation import Hit, Observation

if TYPE_CHECKING:
    from ir_measures.measures import Measure


@dataclass(frozen=True, slots=True)
class Recall:
    """The share of evidence groups with a document among the first `k`."""

    k: int

    def evaluate(self, case: Case, seen: Observation) -> Score | None:
        """None where the case has no evidence or the system does not tell what it retrieved."""
        found = _documents(case, seen)
        if found is None:
            return None
        groups, documents = found
        rank = first_rank(groups, documents, meets_document)
        reason = f"first right document at rank {rank}" if rank else "no right document was retrieved"
        return Score(share_met(groups, documents[: self.k], meets_document), reason)


@dataclass(frozen=True, slots=True)
class AllGold:
    """1 where every evidence group has a document among the first `k`."""

    k: int

    def evaluate(self, case: Case, seen: Observation) -> Score | None:
        """None as for `Recall`."""
        found = _documents(case, seen)
        if found is None:
            return None
        groups, documents = found
        missing = [group[0].doc for group in groups if not met(group, documents[: self.k], meets_document)]
        return Score(float(not missing), f"missing: {', '.join(missing)}" if missing else "")


@dataclass(frozen=True, slots=True)
class Ranked:
    """A measure of ir-measures by its own name, such as `nDCG@10` or `RR`, over documents with their grades.

    Alternatives count as one document: the first of them in the ranking is relevant, the others are not judged.
    """

    measure: str

    def evaluate(self, case: Case, seen: Observation) -> Score | None:
        """None as for `Recall`."""
        found = _documents(case, seen)
        if found is None:
            return None
        judged, ranking = _units(*found)
        run = {unit: float(len(ranking) - place) for place, unit in enumerate(ranking)}
        if not run:
            return Score(0.0, "nothing was retrieved")
        return Score(_calculated(self.measure, judged, run))


def _documents(case: Case, seen: Observation) -> tuple[Groups, tuple[Hit, ...]] | None:
    groups = evidence(case, seen)
    if not groups or seen.hits is None:
        return None
    best: dict[str, Hit] = {}
    for hit in seen.hits:
        best.setdefault(hit.doc, hit)
    return groups, tuple(best.values())


def _units(groups: Groups, documents: Sequence[Hit]) -> tuple[dict[str, int], list[str]]:
    """The judged units with grades, and the ranking in terms of them."""
    wanted: dict[frozenset[str], tuple[str, Sequence[Gold]]] = {}
    for group in groups:
        wanted.setdefault(frozenset(gold.doc for gold in group), (f"gold {len(wanted)}", group))
    units = dict(wanted.values())
    ranking: list[str] = []
    for place, hit in enumerate(documents):
        found = [name for name, group in units.items() if name not in ranking and met(group, [hit], meets_document)]
        ranking += found or [f"rank {place}"]
    return {name: max(gold.grade for gold in group) for name, group in units.items()}, ranking


@cache
def _parsed(name: str) -> Measure:
    import ir_measures  # brings scipy along, which a run without rankings does not need

    return ir_measures.parse_measure(name)


def _calculated(name: str, judged: dict[str, int], run: dict[str, float]) -> float:
    import ir_measures

    measure = _parsed(name)
    return float(ir_measures.calc_aggregate([measure], {"q": judged}, {"q": run})[measure])
