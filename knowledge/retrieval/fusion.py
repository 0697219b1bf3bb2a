"""Fusing dense and lexical scores into one order.

Convex combination of scaled scores (Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid
Retrieval", ACM TOIS 2023, section 3): cosines by minimum and maximum of the dense candidates, BM25 by its
maximum. Both sides are known for every candidate, so that none is punished for being found by one side only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from knowledge.types import Scores


@dataclass(frozen=True, slots=True)
class Added:
    """What a chunk's score gained beyond its own words: by a title link, and by the rest of its document."""

    link: float = 0.0
    document: float = 0.0


@dataclass(frozen=True, slots=True)
class Fusion:
    """The raw scores of one query's candidates by chunk id, and what they are scaled by.

    `floor` is the lowest cosine among the dense candidates: what lies below it counts as 0.
    `weight` is the share of the dense side, 0 to 1.
    """

    cosines: Mapping[int, float]
    bm25: Mapping[int, float]
    floor: float
    ceiling: float
    most: float
    weight: float

    def dense(self, cosine: float) -> float:
        """A cosine scaled to 0..1."""
        if self.ceiling <= self.floor:
            return float(cosine >= self.ceiling)
        return max(0.0, (cosine - self.floor) / (self.ceiling - self.floor))

    def lexical(self, raw: float) -> float:
        """A BM25 score scaled to 0..1."""
        return raw / self.most if self.most > 0 else 0.0

    def totals(self) -> dict[int, float]:
        """The fused score of every candidate."""
        # In one expression, for some hundred candidates a query: what `dense` and `lexical` say.
        raw, floor, span = self.bm25.get, self.floor, self.ceiling - self.floor
        share = (1 - self.weight) / self.most if self.most > 0 else 0.0
        if span <= 0:
            flat = {chunk: self.weight * self.dense(cosine) for chunk, cosine in self.cosines.items()}
            return {chunk: near + share * raw(chunk, 0.0) for chunk, near in flat.items()}
        scale = self.weight / span
        return {
            chunk: (scale * (cosine - floor) if cosine > floor else 0.0) + share * raw(chunk, 0.0)
            for chunk, cosine in self.cosines.items()
        }

    def explain(self, chunk: int, total: float, added: Added, cosine: float | None = None) -> Scores:
        """Every part of a chunk's score; one that only a link brought in has its cosine and nothing else."""
        if cosine is not None:
            return Scores(total, cosine, 0.0, 0.0, 0.0, added.link, added.document)
        near, raw = self.cosines[chunk], self.bm25.get(chunk, 0.0)
        return Scores(total, near, raw, self.dense(near), self.lexical(raw), added.link, added.document)


def fuse(cosines: Mapping[int, float], bm25: Mapping[int, float], *, floor: float, weight: float) -> Fusion:
    """The fusion of every chunk in `cosines`."""
    ceiling, most = max(cosines.values(), default=0.0), max(bm25.values(), default=0.0)
    return Fusion(cosines, bm25, floor, ceiling, most, weight)
