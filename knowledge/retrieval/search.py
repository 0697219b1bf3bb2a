"""Hybrid search in one bank: dense and lexical candidates, fused, with a hop along title links."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import nsmallest
from typing import TYPE_CHECKING

from knowledge.card import SearchOptions
from knowledge.retrieval.adapter import QueryAdapter
from knowledge.retrieval.conversation import term_weights
from knowledge.retrieval.fusion import Added, Fusion, fuse
from knowledge.retrieval.vectors import VectorIndex
from knowledge.storage.catalog import Catalog
from knowledge.storage.lexical import Postings, Words
from knowledge.storage.scope import Ids, Scope
from knowledge.types import Scores

if TYPE_CHECKING:
    from knowledge.types import Vector

HOP_FROM = 10
LINKS_FOLLOWED = 3
# The share of a hit's score that what it links to can reach: as near as makes the order certain.
BEHIND = 1 - 1e-9
# By so much more of a cosine what is linked may pass the hit.
NEARER = 0.1


@dataclass(frozen=True, slots=True)
class _Hit:
    """A chunk that links elsewhere, with its score."""

    chunk: int
    total: float


# Up to so many chunks that may be seen are scored by name; of more, the best are looked through until there are enough.
FEW_CHUNKS = 2_000


@dataclass(frozen=True, slots=True)
class HybridSearch:
    """The indexes of one generation of a bank: `postings` are those of its chunks, `wholes` those of its documents."""

    catalog: Catalog
    vectors: VectorIndex
    postings: Postings
    wholes: Postings
    options: SearchOptions
    adapter: QueryAdapter | None = None

    def run(
        self, text: str, query: Vector, limit: int, scope: Scope, *, history: Sequence[str] = ()
    ) -> list[tuple[int, Scores]]:
        """The best `limit` chunks for `text` with its vector `query`, best first, within `scope`.

        `history` are the turns before it, oldest first. Must run within one reading of the catalog.
        """
        words = term_weights(text, history, self.postings.terms)
        near = self.adapter(query) if self.adapter else query
        fusion = self._candidates(words, near, max(limit, self.options.candidates), scope.documents)
        totals = fusion.totals()
        lifts = self._lift(words, totals)
        links, strangers = self._hop(_best(totals, HOP_FROM), totals, near, scope)
        best = _best(totals, limit)
        added = {chunk: Added(links.get(chunk, 0.0), lifts.get(chunk, 0.0)) for chunk, _ in best}
        found = [(chunk, fusion.explain(chunk, total, added[chunk], strangers.get(chunk))) for chunk, total in best]
        return found if self.adapter is None else self._as_asked(found, query)

    def _as_asked(self, found: list[tuple[int, Scores]], query: Vector) -> list[tuple[int, Scores]]:
        """With the cosines to the question as it was asked: banks are compared by them, and each moves it otherwise."""
        cosines = self.vectors.score(query, [chunk for chunk, _ in found])
        return [(chunk, replace(scores, cosine=cosines[chunk])) for chunk, scores in found]

    def _candidates(self, text: Words, query: Vector, count: int, documents: Ids | None) -> Fusion:
        cosines = self.vectors.search(query, count, documents)
        floor = min(cosines.values(), default=0.0)
        bm25 = self._lexical(text, count, documents)
        cosines |= self.vectors.score(query, [chunk for chunk in bm25 if chunk not in cosines])
        bm25 = {chunk: score for chunk, score in bm25.items() if chunk in cosines}
        bm25 |= self.postings.score(text, [chunk for chunk in cosines if chunk not in bm25])
        return fuse(cosines, bm25, floor=floor, weight=self.options.dense_weight)

    def _lexical(self, text: Words, count: int, documents: Ids | None) -> dict[int, float]:
        """The best `count` by BM25 of what may be seen, so that hidden chunks do not take the places of others."""
        if documents is None:
            return self.postings.search(text, count)
        few = self.vectors.within(documents, FEW_CHUNKS)
        if few is not None:
            return dict(_best(self.postings.score(text, few), count))

        share = self.vectors.share(documents)
        return self.postings.search_visible(
            text, count, lambda chunks: self.vectors.among(chunks, documents), share=share
        )

    def _lift(self, words: Words, totals: dict[int, float]) -> dict[int, float]:
        """Adds to every candidate what speaks for its document; returns what each gained.

        A chunk of a document that answers well, or is about what is asked as a whole, is likelier to matter than one
        that happens to use the same words.
        """
        owners = self.vectors.owners(list(totals))
        best = dict.fromkeys(owners.values(), 0.0)
        for chunk, owner in owners.items():
            if totals[chunk] > best[owner]:
                best[owner] = totals[chunk]
        whole = self._whole(words, list(best))
        gains = {owner: self.options.document_weight * score + whole.get(owner, 0.0) for owner, score in best.items()}
        lifts = {chunk: gains[owner] for chunk, owner in owners.items()}
        for chunk, lift in lifts.items():
            totals[chunk] += lift
        return lifts

    def _whole(self, words: Words, documents: Sequence[int]) -> dict[int, float]:
        """What each of the documents gains by its words as a whole.

        How rare a word is counts by documents here: a name that stands in a few of them, again and again, tells them
        apart, however few of their chunks repeat it.
        """
        if self.options.whole_weight <= 0:
            return {}
        bm25 = self.wholes.score(words, documents)
        most = max(bm25.values(), default=0.0)
        return {document: self.options.whole_weight * score / most for document, score in bm25.items() if most > 0}

    def _hop(
        self,
        top: list[tuple[int, float]],
        totals: dict[int, float],
        query: Vector,
        scope: Scope,
    ) -> tuple[dict[int, float], dict[int, float]]:
        """Adds to the best chunk of each linked document a share of the score of the hit that links to it.

        Where a hit leads comes after the hit: no gain lifts a chunk past what links to it, unless its meaning is
        clearly nearer to the question. Only those few gain that would stand best without that bound, since a page that
        names many others tells little about each; those among them that stand before the hit already gain nothing.
        Returns what each chunk gained, and the cosines of those that were no candidates before.
        """
        hits = self._linked(top, scope)
        targets = self.vectors.nearest_in(query, list(hits)) if hits else {}
        weight = self.options.link_weight
        lifted = {chunk: totals.get(chunk, 0.0) + weight * hits[document].total for document, chunk in targets.items()}
        followed = dict(_best(lifted, LINKS_FOLLOWED))
        cosines = self.vectors.score(query, [*followed, *(hit.chunk for hit in hits.values())]) if followed else {}
        links: dict[int, float] = {}
        for document, chunk in targets.items():
            if chunk in followed:
                hit, own = hits[document], totals.get(chunk, 0.0)
                nearer = cosines[chunk] - cosines[hit.chunk] > NEARER
                bound = math.inf if nearer else BEHIND * hit.total
                links[chunk] = max(0.0, min(followed[chunk], bound) - own)
        strangers = {chunk: cosines[chunk] for chunk in followed if chunk not in totals}
        for chunk, gain in links.items():
            totals[chunk] = totals.get(chunk, 0.0) + gain
        return links, strangers

    def _linked(self, top: list[tuple[int, float]], scope: Scope) -> dict[int, _Hit]:
        """The documents that the top hits link to, each with the best hit that does."""
        if self.options.link_weight <= 0:
            return {}
        owners = self.vectors.owners([chunk for chunk, _ in top])
        parents: dict[int, _Hit] = {}
        for chunk, total in top:
            parents.setdefault(owners[chunk], _Hit(chunk, total))
        linked: dict[int, _Hit] = {}
        for parent, target in self.catalog.links(list(parents), scope):
            if scope.holds(target) and (target not in linked or parents[parent].total > linked[target].total):
                linked[target] = parents[parent]
        return linked


def _best(totals: Mapping[int, float], count: int) -> list[tuple[int, float]]:
    """The best `count`, best first; equal scores by chunk id, so that an order is always the same."""
    ranked = nsmallest(count, ((-total, chunk) for chunk, total in totals.items()))
    return [(chunk, -negative) for negative, chunk in ranked]
