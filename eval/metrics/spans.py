"""How well passages cover the gold words: page and span recall, and Chroma's measures of chunking.

Coverage, precision and IoU are those of "Evaluating Chunking Strategies for Retrieval" (Smith and Troynikov, Chroma
2024), section "Metrics", counted in characters: shares of the gold characters, of the retrieved characters, and of
both together that are in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from eval.cases import Case, Gold
from eval.evidence import evidence, first_rank, has_span, meets_page, meets_span, share_met
from eval.metrics.score import Score
from eval.observation import Hit, Observation, same_document

Span = tuple[str, int, int]
Share = Literal["coverage", "precision", "iou"]


@dataclass(frozen=True, slots=True)
class SpanRecall:
    """The share of evidence groups whose words one of the first `k` passages overlaps."""

    k: int

    def evaluate(self, case: Case, seen: Observation) -> Score | None:
        """None where the evidence names no words or the system does not tell what it retrieved."""
        groups = [tuple(gold for gold in group if has_span(gold)) for group in evidence(case, seen)]
        groups = [group for group in groups if group]
        if not groups or seen.hits is None:
            return None
        rank = first_rank(groups, seen.hits, meets_span)
        reason = f"first right passage at rank {rank}" if rank else "no right passage was retrieved"
        return Score(share_met(groups, seen.hits[: self.k], meets_span), reason)


@dataclass(frozen=True, slots=True)
class PageRecall:
    """The share of evidence groups with a gold page among the pages of the first `k` passages."""

    k: int

    def evaluate(self, case: Case, seen: Observation) -> Score | None:
        """None where the evidence names no page or the system does not tell what it retrieved."""
        groups = [tuple(gold for gold in group if gold.page) for group in evidence(case, seen)]
        groups = [group for group in groups if group]
        if not groups or seen.hits is None:
            return None
        return Score(share_met(groups, seen.hits[: self.k], meets_page))


@dataclass(frozen=True, slots=True)
class SpanShare:
    """How the first `k` passages and the gold words overlap, counted in characters."""

    k: int
    share: Share

    def evaluate(self, case: Case, seen: Observation) -> Score | None:
        """None where the evidence or the passages have no offsets.

        Of alternatives, the one counts that the passages cover best.
        """
        if seen.hits is None:
            return None
        hits = merged(_spans(seen.hits[: self.k]))
        groups = [[gold for gold in group if gold.start is not None] for group in evidence(case, seen)]
        groups = [group for group in groups if group]
        if not groups or any(hit.start is None for hit in seen.hits[: self.k]):
            return None
        gold = merged(_best_covered(group, hits) for group in groups)
        return Score(_shared(gold, hits, self.share))


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same characters as spans that do not overlap, sorted."""
    joined: list[Span] = []
    for doc, start, end in sorted(spans):
        if joined and joined[-1][0] == doc and start <= joined[-1][2]:
            joined[-1] = (doc, joined[-1][1], max(end, joined[-1][2]))
        else:
            joined.append((doc, start, end))
    return joined


def overlap(one: Sequence[Span], other: Sequence[Span]) -> int:
    """How many characters two lists of `merged` spans share."""
    return sum(
        max(0, min(end, until) - max(start, begin))
        for doc, start, end in one
        for name, begin, until in other
        if same_document(doc, name)
    )


def _shared(gold: Sequence[Span], hits: Sequence[Span], share: Share) -> float:
    common, wanted, given = overlap(gold, hits), _length(gold), _length(hits)
    whole = {"coverage": wanted, "precision": given, "iou": wanted + given - common}[share]
    return common / whole if whole else 0.0


def _length(spans: Sequence[Span]) -> int:
    return sum(end - start for _, start, end in spans)


def _spans(hits: Iterable[Hit]) -> list[Span]:
    return [(hit.doc, hit.start, hit.end) for hit in hits if hit.start is not None and hit.end is not None]


def _best_covered(group: Sequence[Gold], hits: Sequence[Span]) -> Span:
    def covered(gold: Gold) -> float:
        span = (gold.doc, gold.start or 0, gold.end or 0)
        return overlap([span], hits) / (span[2] - span[1])

    best = max(group, key=covered)
    return best.doc, best.start or 0, best.end or 0
