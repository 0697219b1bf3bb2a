"""Where a case failed: parsing, chunking, retrieval, ranking or answering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from eval.cases import Case, Gold
from eval.evidence import Groups, evidence, first_rank, has_span, meets_finest, met, share_met
from eval.observation import Hit, Observation

READ = 10
LISTED = 5


class Stage(StrEnum):
    """The first step of the way from file to answer that lost the answer."""

    PARSING = "parsing"
    CHUNKING = "chunking"
    RETRIEVAL = "retrieval"
    RANKING = "ranking"
    ANSWERING = "answering"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The stage, and what was seen there."""

    stage: Stage
    reason: str


def diagnose(case: Case, seen: Observation, correct: float | None) -> Diagnosis | None:
    """Where the case failed; None where it did not, or where nothing tells.

    `correct` is the score of that name; where nothing was answered, finding the evidence among the first five counts.
    """
    if seen.error:
        return Diagnosis(Stage.ANSWERING, f"failed: {seen.error}")
    if not case.answerable:
        return (
            None if seen.abstained or not seen.text else Diagnosis(Stage.ANSWERING, "answered, though no document does")
        )
    groups = evidence(case, seen)
    if _succeeded(groups, seen, correct):
        return None
    before = _before_answering(groups, seen) if groups else None
    if before or not seen.text:
        return before
    if seen.abstained:
        return Diagnosis(Stage.ANSWERING, f"abstained at confidence {seen.confidence or 0:.2f}, with the evidence read")
    return Diagnosis(Stage.ANSWERING, "the evidence was read, and something else was said")


def _succeeded(groups: Groups, seen: Observation, correct: float | None) -> bool:
    if seen.text:
        return bool(correct) and not seen.abstained
    return not groups or seen.hits is None or share_met(groups, seen.hits[:LISTED], meets_finest) == 1.0


def _before_answering(groups: Groups, seen: Observation) -> Diagnosis | None:
    lost = {gold: reason for gold, reason in zip(seen.gold, seen.unplaced, strict=False) if reason}
    for group in groups:
        if all(gold in lost for gold in group):
            return Diagnosis(Stage.PARSING, f"{group[0].doc}: {lost[group[0]]}")
    if seen.hits is None:
        return None
    read = READ if seen.text else LISTED
    return next((found for group in groups if (found := _lost(group, seen.hits, read))), None)


def _lost(group: Sequence[Gold], hits: Sequence[Hit], read: int) -> Diagnosis | None:
    """Why the passages that are read do not hold the evidence whole."""
    rank = first_rank([group], hits, meets_finest)
    if rank is None:
        return Diagnosis(Stage.RETRIEVAL, f"{group[0].doc}: not among the first {len(hits)} passages")
    if rank > read:
        return Diagnosis(Stage.RANKING, f"{group[0].doc}: at rank {rank}; {read} are read")
    holding = [hit for hit in hits[:read] if met(group, [hit], meets_finest)]
    if not any(_whole(gold, hit) for gold in group for hit in holding):
        return Diagnosis(Stage.CHUNKING, f"{group[0].doc}: no passage holds the evidence whole")
    return None


def _whole(gold: Gold, hit: Hit) -> bool:
    """Whether the hit holds all of the gold words, as far as both have offsets."""
    if not has_span(gold) or gold.start is None or gold.end is None or hit.start is None or hit.end is None:
        return True
    return hit.start <= gold.start and gold.end <= hit.end
