from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from knowledge.retrieval.vectors import ExactVectors


def some(count: int, seed: int) -> ExactVectors:
    chance = np.random.default_rng(seed)
    matrix = chance.normal(size=(count, 8)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    ids = np.sort(chance.choice(10 * count, count, replace=False)).astype(np.int64)
    return ExactVectors(ids, chance.integers(0, 5, count).astype(np.int64), matrix)


@given(st.integers(1, 60), st.integers(0, 99), st.integers(1, 70), st.sets(st.integers(0, 5)))
def test_the_nearest_are_the_nearest_of_those_that_may_be_seen(
    count: int, seed: int, limit: int, visible: set[int]
) -> None:
    vectors = some(count, seed)
    query = vectors.matrix[0]
    found = vectors.search(query, limit, np.array(sorted(visible), np.int64))
    cosines = {
        int(chunk): float(row @ query)
        for chunk, owner, row in zip(vectors.ids, vectors.documents, vectors.matrix, strict=True)
        if int(owner) in visible
    }
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert len(found) == min(limit, len(cosines))
    assert found.keys() <= cosines.keys()
    assert all(cosine <= min(found.values()) + 1e-6 for chunk, cosine in cosines.items() if chunk not in found)


@given(st.integers(1, 60), st.integers(0, 99), st.lists(st.integers(0, 700)))
def test_a_chunk_that_is_not_there_has_no_score_and_no_owner(count: int, seed: int, asked: list[int]) -> None:
    vectors = some(count, seed)
    known = set(vectors.ids.tolist())
    assert vectors.score(vectors.matrix[0], asked).keys() == {chunk for chunk in asked if chunk in known}
    assert vectors.owners(asked).keys() == {chunk for chunk in asked if chunk in known}


def test_the_nearest_chunk_of_a_document_is_found() -> None:
    vectors = some(40, 3)
    nearest = vectors.nearest_in(vectors.matrix[7], [int(vectors.documents[7])])
    assert nearest == {int(vectors.documents[7]): int(vectors.ids[7])}
