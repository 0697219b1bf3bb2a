"""An adapter learns from some questions what helps others, fits into a card, and moves nothing but the search."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from knowledge.bank import KnowledgeBank
from knowledge.card import card_from_json, card_to_json
from knowledge.library import Library
from knowledge.retrieval.adapter import QueryAdapter
from knowledge.testing import HashingEmbedder
from tests.knowledge.retrieval.test_search import document

if TYPE_CHECKING:
    from knowledge.types import Matrix

DIMENSION = 48
EMBEDDER = HashingEmbedder()
ASKED, MEANT = "Where do I put my jalopy?", "Parking is free."


def unit(rows: Matrix) -> Matrix:
    found: Matrix = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found


def pairs(count: int, seed: int) -> tuple[Matrix, Matrix]:
    """Questions, and evidence that lies away from each in a way that depends on it, with some noise."""
    chance = np.random.default_rng(seed)
    asked = unit(chance.normal(size=(count, DIMENSION)).astype(np.float32))
    turn = np.random.default_rng(7).normal(size=(DIMENSION, DIMENSION)).astype(np.float32) / DIMENSION**0.5
    noise = 0.3 * unit(chance.normal(size=(count, DIMENSION)).astype(np.float32))
    return asked, unit(asked + asked @ turn + noise)


def nearness(adapter: QueryAdapter, asked: Matrix, wanted: Matrix) -> float:
    moved = np.stack([adapter(query) for query in asked])
    assert np.linalg.norm(moved, axis=1) == pytest.approx(1)
    return float((moved * wanted).sum(axis=1).mean())


def test_questions_come_nearer_to_evidence_that_was_not_seen() -> None:
    adapter = QueryAdapter.fit(*pairs(300, seed=0), penalty=0.5)
    asked, wanted = pairs(100, seed=1)
    before = float((asked * wanted).sum(axis=1).mean())
    assert nearness(adapter, asked, wanted) > before + 0.15


def test_a_large_penalty_leaves_questions_where_they_are() -> None:
    adapter = QueryAdapter.fit(*pairs(300, seed=0), penalty=1e6)
    asked, _ = pairs(20, seed=1)
    assert nearness(adapter, asked, asked) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("rank", [4, 64])
def test_what_a_card_holds_moves_questions_alike(rank: int) -> None:
    adapter = QueryAdapter.fit(*pairs(300, seed=0), penalty=1.0, rank=rank)
    packed = adapter.packed()
    again = QueryAdapter.unpacked(packed, DIMENSION)
    assert again.left.shape == (DIMENSION, min(rank, DIMENSION))
    asked, _ = pairs(50, seed=2)
    assert nearness(again, asked, np.stack([adapter(query) for query in asked])) > 0.999
    assert len(packed) < 2 * rank * (DIMENSION + 4) * 4 / 3 + 4


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[KnowledgeBank]:
    bank = Library(tmp_path, embedders=lambda _spec: EMBEDDER).create("hr")
    with bank.writer() as writer:
        source = writer.source("folder", "/docs")
        texts = (MEANT, "Your locker is where you leave bags.", "Where do I eat? In the canteen.")
        writer.commit([document(str(number), source, text) for number, text in enumerate(texts)])
    yield bank
    bank.close()


def test_a_bank_searches_with_the_question_moved_and_tells_how_near_it_was_as_asked(bank: KnowledgeBank) -> None:
    before = {passage.text: passage.scores.cosine for passage in bank.search(ASKED)}
    assert next(iter(before)) != MEANT
    asked = np.tile(EMBEDDER.embed_query(ASKED), (60, 1))
    adapter = QueryAdapter.fit(asked, np.tile(EMBEDDER.embed_query(MEANT), (60, 1)), penalty=1.0)
    with bank.writer() as writer:
        writer.put_card(replace(bank.card(), adapter=adapter.packed()))
    bank.close()
    found = bank.search(ASKED)
    assert found[0].text == MEANT
    assert {passage.text: passage.scores.cosine for passage in found} == pytest.approx(before, abs=1e-6)


def test_cards_from_before_there_were_adapters_are_read(bank: KnowledgeBank) -> None:
    written = card_to_json(replace(bank.card(), adapter="AAAA"))
    assert card_from_json(json.loads(json.dumps(written))).adapter == "AAAA"
    del written["adapter"]
    assert card_from_json(written).adapter == ""
