"""Fusing dense and lexical scores into one order.

Convex combination of scaled scores (Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid
Retrieval", ACM TOIS 2023, section 3): cosines by minimum and maximum of the dense candidates, BM25 by its
maximum. Both sides are known for every candidate, so that none is punished for being found by one side only.
"""

from __future__ import annotations

from collections.abc import Mapping

from knowledge.types import Scores


def fuse(cosines: Mapping[int, float], bm25: Mapping[int, float], *, floor: float, weight: float) -> dict[int, Scores]:
    """Scores of every chunk in `cosines`, by chunk id.

    `floor` is the lowest cosine among the dense candidates: what lies below it counts as 0.
    `weight` is the share of the dense side, 0 to 1.
    """
    ceiling = max(cosines.values(), default=0.0)
    spread = ceiling - floor
    most = max(bm25.values(), default=0.0)
    fused: dict[int, Scores] = {}
    for chunk, cosine in cosines.items():
        raw = bm25.get(chunk, 0.0)
        dense = max(0.0, (cosine - floor) / spread) if spread > 0 else float(cosine >= ceiling)
        lexical = raw / most if most > 0 else 0.0
        fused[chunk] = Scores(weight * dense + (1 - weight) * lexical, cosine, raw, dense, lexical)
    return fused
