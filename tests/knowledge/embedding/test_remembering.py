from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from knowledge.embedding.embedder import EmbedderIdentity, Reading, TokenCounter
from knowledge.embedding.remembering import Remembering
from knowledge.testing import HashingEmbedder

if TYPE_CHECKING:
    from knowledge.types import Matrix, Vector

PLAIN = HashingEmbedder()


@dataclass
class Counting:
    """A hashing embedder that keeps a record of what it was asked for."""

    asked: list[str] = field(default_factory=list)
    identity: EmbedderIdentity = PLAIN.identity

    def tokens(self) -> TokenCounter:
        return PLAIN.tokens()

    def embed_query(self, text: str) -> Vector:
        return self.read([text])[0].vector

    def embed(self, texts: Sequence[str]) -> Matrix:
        self.asked += texts
        return PLAIN.embed(texts)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        self.asked += texts
        return PLAIN.read(texts)

    def embed_bulk(self, texts: Sequence[str]) -> Matrix:
        return self.embed(texts)


@given(st.lists(st.lists(st.sampled_from("abcdefghij"), max_size=6), max_size=8), st.integers(1, 5))
def test_what_is_remembered_is_what_would_be_embedded(calls: list[list[str]], most: int) -> None:
    remembering = Remembering(Counting(), most)
    for texts in calls:
        assert np.array_equal(remembering.embed(texts), PLAIN.embed(texts))


def test_a_text_is_embedded_once_while_it_is_among_the_last() -> None:
    inner = Counting()
    remembering = Remembering(inner, nbytes=2 * PLAIN.read(["one"])[0].nbytes)
    remembering.read(["one", "two", "one"])
    remembering.read(["one"])
    assert inner.asked == ["one", "two"]
    remembering.read(["three"])
    remembering.read(["one", "two"])
    assert inner.asked == ["one", "two", "three", "two"]


@given(st.lists(st.lists(st.text("ab ", max_size=9), max_size=4), max_size=8), st.integers(0, 2000))
def test_what_is_read_is_remembered_within_so_many_bytes(calls: list[list[str]], most: int) -> None:
    inner = Counting()
    remembering = Remembering(inner, nbytes=most)
    for texts in calls:
        for told, plain in zip(remembering.read(texts), PLAIN.read(texts), strict=True):
            assert np.array_equal(told.vector, plain.vector)
            assert np.array_equal(told.tokens, plain.tokens)
    weights = {text: PLAIN.read([text])[0].nbytes for texts in calls for text in texts}
    inner.asked.clear()
    remembering.read(list(weights))
    remembered = set(weights) - set(inner.asked)
    assert sum(weights[text] for text in remembered) <= most


def test_a_question_is_embedded_as_one_and_once() -> None:
    class Prompted(Counting):
        def embed_query(self, text: str) -> Vector:
            self.asked.append(text)
            return PLAIN.embed_query(f"query: {text}")

    inner = Prompted()
    remembering = Remembering(inner)
    for _ in range(2):
        assert np.array_equal(remembering.embed_query("one"), PLAIN.embed_query("query: one"))
    assert inner.asked == ["one"]


def test_readings_do_not_stand_for_exact_vectors() -> None:
    inner = Counting()
    remembering = Remembering(inner)
    remembering.read(["one"])
    remembering.embed(["one"])
    remembering.embed(["one"])
    assert inner.asked == ["one", "one"]
    assert remembering.embed([]).shape == (0, PLAIN.identity.dimension)
    assert remembering.read([]) == []


def test_what_goes_into_a_bank_is_not_remembered() -> None:
    inner = Counting()
    remembering = Remembering(inner)
    remembering.embed_bulk(["one"])
    remembering.embed(["one"])
    assert inner.asked == ["one", "one"]
    assert remembering.identity == PLAIN.identity
    assert remembering.tokens().count("two words") == 2
