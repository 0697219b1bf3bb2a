from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.bank import KnowledgeBank
from knowledge.library import Library
from knowledge.retrieval.conversation import FADING, conversation_vector, term_weights
from knowledge.storage.lexical import Postings, PostingsWriter
from knowledge.testing import HashingEmbedder
from knowledge.types import Chunk, NewDocument, NewPlace

EMBEDDER = HashingEmbedder()
TEXTS = {
    "plates": "Plates are surrendered at any office, and a receipt is given.",
    "licence": "A licence is renewed every five years.",
    "fees": "The fee for a motorcycle is ten dollars.",
}
TURNS = st.lists(st.text("abc ", max_size=12), max_size=4)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    library = Library(tmp_path, embedders=lambda _spec: EMBEDDER)
    bank = library.create("dmv")
    with bank.writer() as writer:
        source = writer.source("folder", "/docs")
        writer.commit([document(title, text, source) for title, text in TEXTS.items()])
    yield library
    bank.close()


def document(title: str, text: str, source: int) -> NewDocument:
    chunk = Chunk(0, len(text), text, "")
    place = NewPlace(source, f"{title}.md")
    return NewDocument(title, title, text, "text/plain", (chunk,), EMBEDDER.embed([text]), (place,))


def bank_of(library: Library) -> KnowledgeBank:
    return library.bank("dmv")


def test_what_a_question_leaves_unsaid_is_taken_from_the_turns_before(library: Library) -> None:
    history = ["How do I hand in my plates?", "At any office."]
    for search in (bank_of(library).search, library.search):
        assert search("Do I need them?", k=1, history=history)[0].title == "plates"


def test_a_turn_that_lies_further_back_counts_less(library: Library) -> None:
    plates, licence = "When are plates surrendered?", "When is a licence renewed?"
    bank = bank_of(library)

    def bm25(title: str, *history: str) -> float:
        return next(p.scores.bm25 for p in bank.search("When?", k=3, history=history) if p.title == title)

    assert bm25("licence", plates, licence) > bm25("licence", licence, plates)
    assert bm25("plates", plates, licence) < bm25("plates", licence, plates)


@given(st.text("abc ", max_size=12), TURNS)
def test_a_term_counts_what_its_latest_turn_counts(question: str, history: list[str]) -> None:
    weights = term_weights(question, history, str.split)
    turns = [question, *reversed(history)]
    assert set(weights) == {term for turn in turns for term in turn.split()}
    for term, weight in weights.items():
        assert weight == FADING ** next(back for back, turn in enumerate(turns) if term in turn.split())


@given(st.text("abc ", max_size=12), TURNS)
def test_the_vector_of_a_conversation_is_a_unit_vector(question: str, history: list[str]) -> None:
    vector = conversation_vector(question, history, EMBEDDER.embed_query)
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)
    if not history:
        assert np.array_equal(vector, EMBEDDER.embed_query(question))


def test_weights_scale_what_a_term_adds_to_a_score(tmp_path: Path) -> None:
    writer = PostingsWriter(tmp_path / "postings", "en")
    writer.add([(1, "plates and fees"), (2, "plates")])
    writer.commit()
    writer.close()
    postings = Postings(tmp_path / "postings", "en")
    plain, plates, fees = postings.search("plates fees", 2), postings.search("plates", 2), postings.search("fees", 2)
    weighted = postings.search({"plate": 1.0, "fee": 0.5}, 2)
    assert weighted[1] == pytest.approx(plates[1] + 0.5 * fees[1])
    assert weighted[2] == pytest.approx(plain[2])
    assert postings.search({}, 2) == {}
