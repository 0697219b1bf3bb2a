"""How the parts of a score come together in one bank."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from knowledge.bank import KnowledgeBank
from knowledge.card import BankCard, SearchOptions, card_from_json, card_to_json
from knowledge.library import Library
from knowledge.storage.lexical import Postings
from knowledge.storage.places import read_standing
from knowledge.testing import HashingEmbedder
from knowledge.types import Chunk, NewDocument, NewPlace

EMBEDDER = HashingEmbedder()
ABOUT_LEASES = ("A lease of a car ends after three years.", "The deposit is paid back within thirty days.")
OF_OTHERS = ("Parking is free.", "The deposit is paid back within ten days.")


def document(name: str, source: int, *paragraphs: str) -> NewDocument:
    text = "\n\n".join(paragraphs)
    starts = [text.index(paragraph) for paragraph in paragraphs]
    chunks = tuple(Chunk(start, start + len(part), part, "") for start, part in zip(starts, paragraphs, strict=True))
    vectors = EMBEDDER.embed([chunk.indexed_text for chunk in chunks])
    return NewDocument(name, name, text, "text/plain", chunks, vectors, (NewPlace(source, f"{name}.txt"),))


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[KnowledgeBank]:
    bank = Library(tmp_path, embedders=lambda _spec: EMBEDDER).create("hr")
    with bank.writer() as writer:
        source = writer.source("folder", "/docs")
        writer.commit([document("others", source, *OF_OTHERS), document("leases", source, *ABOUT_LEASES)])
    yield bank
    bank.close()


def ask_with(bank: KnowledgeBank, options: SearchOptions) -> None:
    with bank.writer() as writer:
        writer.put_card(replace(bank.card(), search=options))
    bank.close()


def test_the_best_chunk_of_a_document_lifts_the_others(bank: KnowledgeBank) -> None:
    ask_with(bank, SearchOptions(whole_weight=0.0))
    asked = "When is the deposit paid back at the end of the lease of a car?"
    found = bank.search(asked, k=4)
    assert [passage.title for passage in found[:2]] == ["leases", "leases"]
    best = {title: max(p.scores.own for p in found if p.title == title) for title in ("leases", "others")}
    for passage in found:
        assert passage.scores.document == pytest.approx(SearchOptions().document_weight * best[passage.title])
        assert passage.scores.total == pytest.approx(passage.scores.own + passage.scores.document)


def test_a_document_whose_words_fit_as_a_whole_lifts_its_chunks(bank: KnowledgeBank) -> None:
    asked = "When does the lease of a car say that the deposit is paid back?"
    alone, found = {}, bank.search(asked, k=4)
    ask_with(bank, SearchOptions(whole_weight=0.0))
    for passage in bank.search(asked, k=4):
        alone[passage.text] = passage.scores
    gained = {p.title: p.scores.document - alone[p.text].document for p in found}
    assert gained["leases"] == pytest.approx(SearchOptions().within(2, 4).whole_weight)
    assert 0 < gained["others"] < gained["leases"]
    assert all(p.scores.own == pytest.approx(alone[p.text].own) for p in found)


def test_whole_documents_count_for_nothing_where_each_is_one_chunk(tmp_path: Path) -> None:
    bank = Library(tmp_path, embedders=lambda _spec: EMBEDDER).create("notes")
    with bank.writer() as writer:
        source = writer.source("folder", "/docs")
        writer.commit([document(str(number), source, text) for number, text in enumerate(ABOUT_LEASES + OF_OTHERS)])
    found = bank.search("When is the deposit paid back?", k=4)
    bank.close()
    assert len(found) == 4
    for passage in found:
        assert passage.scores.document == pytest.approx(SearchOptions().document_weight * passage.scores.own)


@pytest.mark.parametrize(
    ("documents", "chunks", "share"), [(1000, 1000, 0.0), (1000, 1050, 0.093), (10, 50, 0.96), (0, 0, 0.0)]
)
def test_whole_documents_count_the_more_the_more_chunks_they_have(documents: int, chunks: int, share: float) -> None:
    scaled = SearchOptions().within(documents, chunks)
    assert scaled.whole_weight == pytest.approx(SearchOptions().whole_weight * share, abs=1e-3)
    assert replace(scaled, whole_weight=SearchOptions().whole_weight) == SearchOptions()


def test_a_bank_without_postings_of_whole_documents_answers_and_gets_them_from_the_next_writer(
    bank: KnowledgeBank,
) -> None:
    with_them = bank.search("deposit", k=4)
    bank.close()
    shutil.rmtree(bank.path / "document_postings")
    assert {passage.text for passage in bank.search("deposit", k=4)} == {passage.text for passage in with_them}
    assert bank.verify().sound
    assert any("as a whole" in note for note in bank.verify().notes)
    with bank.writer():
        pass
    bank.close()
    assert bank.search("deposit", k=4) == with_them
    assert not any("as a whole" in note for note in bank.verify().notes)


def test_a_removed_document_leaves_no_postings_of_its_whole_behind(bank: KnowledgeBank) -> None:
    with bank.writer() as writer:
        writer.remove_places([place for place in read_standing(bank.catalog).places if place.uri == "others.txt"])
    assert Postings(bank.path / "document_postings", "en").ids() == {bank.documents()[0].id}
    assert bank.verify().sound


def test_without_a_share_for_its_document_every_chunk_stands_for_itself(bank: KnowledgeBank) -> None:
    ask_with(bank, SearchOptions(document_weight=0.0, whole_weight=0.0))
    assert all(passage.scores.document == 0.0 for passage in bank.search("deposit", k=4))


def test_a_card_that_does_not_speak_of_documents_gets_the_default(bank: KnowledgeBank) -> None:
    written = card_to_json(bank.card())
    assert card_from_json(written) == bank.card()
    del written["search"]["document_weight"], written["search"]["whole_weight"]
    read: BankCard = card_from_json(written)
    assert read.search == SearchOptions()
