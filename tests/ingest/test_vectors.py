"""A run starts at once, and changes to what runs fastest when that is ready."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ingest.vectors import SLICE, WORTH_BULK, RunEmbedder
from knowledge.embedding.embedder import EmbedderIdentity, Reading, TokenCounter
from knowledge.testing import HashingEmbedder

if TYPE_CHECKING:
    from knowledge.types import Matrix, Vector

PLAIN = HashingEmbedder()


@dataclass
class SlowToStart:
    """Embeds as `HashingEmbedder`; its bulk way gets ready only when it is told to."""

    identity: EmbedderIdentity = PLAIN.identity
    ready: threading.Event = field(default_factory=threading.Event)
    bulk: list[int] = field(default_factory=list)

    def tokens(self) -> TokenCounter:
        return PLAIN.tokens()

    def embed_query(self, text: str) -> Vector:
        return PLAIN.embed_query(text)

    def embed(self, texts: Sequence[str]) -> Matrix:
        return PLAIN.embed(texts)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        return PLAIN.read(texts)

    def embed_bulk(self, texts: Sequence[str]) -> Matrix:
        assert self.ready.wait(60)
        self.bulk.append(len(texts))
        return PLAIN.embed(texts)


def test_a_small_run_never_gets_ready_for_bulk() -> None:
    embedder = SlowToStart()
    run = RunEmbedder(embedder)
    np.testing.assert_array_equal(run.embed(["a b", "c"]), PLAIN.embed(["a b", "c"]))
    embedder.ready.set()
    run.embed(["d"])
    assert embedder.bulk == []


def test_a_large_run_goes_on_while_bulk_gets_ready_and_then_uses_it() -> None:
    embedder = SlowToStart()
    run = RunEmbedder(embedder)
    texts = [f"text {number}" for number in range(WORTH_BULK)]
    run.embed(texts)
    np.testing.assert_array_equal(run.embed(texts), PLAIN.embed(texts))
    assert embedder.bulk == []
    embedder.ready.set()
    while not run._is_ready:
        pass
    np.testing.assert_array_equal(run.embed(texts), PLAIN.embed(texts))
    assert embedder.bulk == [1, len(texts)]


def test_a_call_with_many_texts_changes_to_bulk_as_soon_as_that_is_ready() -> None:
    class ReadyAfterTheFirstSlice(SlowToStart):
        def embed(self, texts: Sequence[str]) -> Matrix:
            self.ready.set()
            while not run._is_ready:
                pass
            return PLAIN.embed(texts)

    run = RunEmbedder(embedder := ReadyAfterTheFirstSlice())
    texts = [f"text {number}" for number in range(WORTH_BULK)]
    np.testing.assert_array_equal(run.embed(texts), PLAIN.embed(texts))
    assert embedder.bulk == [1, WORTH_BULK - SLICE]
