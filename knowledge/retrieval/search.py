"""Hybrid search in one bank: dense and lexical candidates, fused, with a hop along title links."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge.card import SearchOptions
from knowledge.retrieval.fusion import Fusion, fuse
from knowledge.retrieval.vectors import VectorIndex
from knowledge.storage.catalog import Catalog
from knowledge.storage.lexical import Postings
from knowledge.types import Scores

if TYPE_CHECKING:
    from knowledge.types import Vector

HOP_FROM = 10


@dataclass(frozen=True, slots=True)
class HybridSearch:
    """The indexes of one generation of a bank."""

    catalog: Catalog
    vectors: VectorIndex
    postings: Postings
    options: SearchOptions

    def run(self, text: str, query: Vector, limit: int, documents: Collection[int] | None) -> list[tuple[int, Scores]]:
        """The best `limit` chunks for `text` with its vector `query`, best first, of `documents` where given.

        Must run within one reading of the catalog.
        """
        fusion = self._candidates(text, query, max(limit, self.options.candidates), documents)
        totals = fusion.totals()
        links, strangers = self._hop(_ranked(totals)[:HOP_FROM], totals, query, documents)
        return [
            (chunk, fusion.explain(chunk, total, link=links.get(chunk, 0.0), cosine=strangers.get(chunk)))
            for chunk, total in _ranked(totals)[:limit]
        ]

    def _candidates(self, text: str, query: Vector, count: int, documents: Collection[int] | None) -> Fusion:
        cosines = self.vectors.search(query, count, documents)
        floor = min(cosines.values(), default=0.0)
        bm25 = self.postings.search(text, count)
        only_lexical = [chunk for chunk in bm25 if chunk not in cosines]
        cosines |= self._visible_scores(query, only_lexical, documents)
        bm25 = {chunk: score for chunk, score in bm25.items() if chunk in cosines}
        bm25 |= self.postings.score(text, [chunk for chunk in cosines if chunk not in bm25])
        return fuse(cosines, bm25, floor=floor, weight=self.options.dense_weight)

    def _visible_scores(self, query: Vector, chunks: list[int], documents: Collection[int] | None) -> dict[int, float]:
        if documents is not None:
            chunks = [chunk for chunk, owner in self.vectors.owners(chunks).items() if owner in documents]
        return self.vectors.score(query, chunks)

    def _hop(
        self,
        top: list[tuple[int, float]],
        totals: dict[int, float],
        query: Vector,
        documents: Collection[int] | None,
    ) -> tuple[dict[int, float], dict[int, float]]:
        """Adds to the best chunk of each linked document a share of the score of the hit that links to it.

        Returns what each chunk gained, and the cosines of those that were no candidates before.
        """
        gains = self._gains(top, documents)
        targets = self.vectors.nearest_in(query, list(gains)) if gains else {}
        strangers = self.vectors.score(query, [chunk for chunk in targets.values() if chunk not in totals])
        links = {chunk: gains[document] for document, chunk in targets.items()}
        for chunk, gain in links.items():
            totals[chunk] = totals.get(chunk, 0.0) + gain
        return links, strangers

    def _gains(self, top: list[tuple[int, float]], documents: Collection[int] | None) -> dict[int, float]:
        if self.options.link_weight <= 0:
            return {}
        owners = self.vectors.owners([chunk for chunk, _ in top])
        parents: dict[int, float] = {}
        for chunk, total in top:
            parents.setdefault(owners[chunk], total)
        gains: dict[int, float] = {}
        for parent, target in self.catalog.links(list(parents)):
            if documents is None or target in documents:
                gains[target] = max(gains.get(target, 0.0), self.options.link_weight * parents[parent])
        return gains


def _ranked(totals: dict[int, float]) -> list[tuple[int, float]]:
    """Best first; equal scores by chunk id, so that an order is always the same."""
    return sorted(totals.items(), key=lambda item: (-item[1], item[0]))
