from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from knowledge.retrieval.fusion import Added, fuse

COSINES = st.dictionaries(st.integers(1, 50), st.floats(-1, 1), min_size=1)
BM25 = st.dictionaries(st.integers(1, 50), st.floats(0.1, 40))
SHARE = st.floats(0, 1)


@given(COSINES, BM25, SHARE)
def test_totals_lie_between_0_and_1_and_are_what_is_explained(
    cosines: dict[int, float], bm25: dict[int, float], weight: float
) -> None:
    shared = {chunk: score for chunk, score in bm25.items() if chunk in cosines}
    fusion = fuse(cosines, shared, floor=min(cosines.values()), weight=weight)
    totals = fusion.totals()
    assert totals.keys() == cosines.keys()
    for chunk, total in totals.items():
        scores = fusion.explain(chunk, total, Added())
        assert 0.0 <= total <= 1.0 + 1e-9
        assert abs(total - (weight * scores.dense + (1 - weight) * scores.lexical)) < 1e-9
        assert (scores.cosine, scores.bm25) == (cosines[chunk], shared.get(chunk, 0.0))


@given(COSINES)
def test_the_dense_side_alone_keeps_the_order_of_the_cosines(cosines: dict[int, float]) -> None:
    totals = fuse(cosines, {}, floor=min(cosines.values()), weight=1.0).totals()
    ranked = sorted(cosines, key=lambda chunk: cosines[chunk])
    assert all(totals[one] <= totals[other] for one, other in pairwise(ranked))


def test_a_chunk_below_the_dense_candidates_counts_by_its_words_alone() -> None:
    fusion = fuse({1: 0.9, 2: 0.5, 3: 0.1}, {3: 8.0, 1: 4.0}, floor=0.5, weight=0.5)
    assert fusion.totals() == {1: 0.75, 2: 0.0, 3: 0.5}
