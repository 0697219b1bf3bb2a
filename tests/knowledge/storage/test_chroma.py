from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from knowledge.bank import KnowledgeBank
from knowledge.library import Library
from knowledge.retrieval.chroma_search import ChromaVectors
from knowledge.retrieval.vectors import ExactVectors, VectorIndex
from knowledge.storage.chroma import ChromaMirror
from knowledge.storage.writer import BankWriter
from knowledge.testing import HashingEmbedder
from knowledge.types import Chunk, NewDocument, NewPlace, Reader

EMBEDDER = HashingEmbedder()


def fill(bank: KnowledgeBank, numbers: range, *, allow: str = "public") -> None:
    with bank.writer() as writer:
        source = writer.source("folder", "/docs")
        writer.commit([small_document(source, number, allow) for number in numbers])


def small_document(source: int, number: int, allow: str) -> NewDocument:
    text = f"Article {number} speaks of topic{number % 17} and item{number}."
    place = NewPlace(source, f"{number}.md", frozenset({allow}))
    chunk = Chunk(0, len(text), text, "")
    return NewDocument(text, f"{number}", text, "text/plain", (chunk,), EMBEDDER.embed([text]), (place,))


def remove(writer: BankWriter, *uris: str) -> None:
    places = writer.places(1)
    writer.remove_places([places[uri] for uri in uris])


def opened(root: Path, index: type[VectorIndex] = ChromaVectors) -> KnowledgeBank:
    """The bank in a process that stays, once its first search has brought Chroma up where `index` is of Chroma."""
    bank = Library(root, embedders=lambda spec: EMBEDDER, chroma_from=100).bank("big")
    bank.search("anything", k=1)
    assert bank.settle(60)
    assert isinstance(index_of(bank), index)
    return bank


def index_of(bank: KnowledgeBank) -> VectorIndex:
    """Through what its next search goes."""
    with bank.catalog.reading():
        return bank._indexes.current(bank.catalog).vectors


@pytest.fixture
def root(tmp_path: Path) -> Path:
    fill(Library(tmp_path, embedders=lambda spec: EMBEDDER).create("big"), range(300))
    return tmp_path


def test_the_mirror_holds_the_vectors_of_the_catalog(root: Path) -> None:
    bank = Library(root, embedders=lambda spec: EMBEDDER).bank("big")
    contents = ChromaMirror(bank.path / "chroma", 64).contents()
    assert contents is not None
    ids, documents, vectors = bank.catalog.vectors(64)
    order = np.argsort(contents[0])
    assert [contents[0][row] for row in order] == ids.tolist()
    np.testing.assert_allclose(contents[1][order], vectors, atol=2e-3)
    assert len(documents) == 300


def test_a_search_through_chroma_finds_what_the_exact_one_finds(root: Path) -> None:
    exact = Library(root, embedders=lambda spec: EMBEDDER).bank("big")
    through = opened(root)
    for question in ("topic3 item20", "article 250", "item77"):
        found, expected = through.search(question, k=5), exact.search(question, k=5)
        assert [passage.uri for passage in found] == [passage.uri for passage in expected]
        assert found[0].scores.total == pytest.approx(expected[0].scores.total, abs=0.01)
    through.close()


def test_a_process_that_owns_the_mirror_follows_what_others_commit(root: Path) -> None:
    through = opened(root)
    assert through.search("item7", k=1)[0].uri == "7.md"
    other = Library(root, embedders=lambda spec: EMBEDDER).bank("big")
    fill(other, range(300, 310))
    with other.writer() as writer:
        remove(writer, "7.md")
    assert through.search("item305", k=1)[0].uri == "305.md"
    assert all(passage.uri != "7.md" for passage in through.search("item7", k=20))
    through.close()
    with other.writer() as writer:
        remove(writer, "8.md")
    verification = other.verify()
    assert verification.sound, verification.faults


def mark_of(bank: KnowledgeBank) -> dict[str, object]:
    mark: dict[str, object] = json.loads((bank.path / "chroma" / "mark.json").read_text())
    return mark


def test_a_process_that_only_reads_may_be_killed_at_any_time(root: Path) -> None:
    before = mark_of(Library(root, embedders=lambda spec: EMBEDDER).bank("big"))
    through = opened(root)
    assert through.search("item7", k=1)[0].uri == "7.md"
    assert before["clean"]
    assert mark_of(through) == before
    through.close()


def test_what_a_reader_caught_up_with_stays_when_it_ends(root: Path) -> None:
    through = opened(root)
    before = mark_of(through)
    fill(Library(root, embedders=lambda spec: EMBEDDER).bank("big"), range(300, 310))
    assert through.search("item305", k=1)[0].uri == "305.md"
    assert not mark_of(through)["clean"]
    through.close()
    after = mark_of(through)
    assert after["clean"]
    assert after["folder"] == before["folder"]
    assert after["generation"] == through.catalog.generation()
    verification = through.verify()
    assert verification.sound, verification.faults
    assert not verification.notes


def test_a_reader_leaves_a_mirror_that_is_missing_to_the_next_writer(root: Path) -> None:
    shutil.rmtree(root / "banks" / "big" / "chroma")
    through = opened(root, ExactVectors)
    assert through.search("item7", k=1)[0].uri == "7.md"
    assert not (through.path / "chroma" / "mark.json").exists()
    with through.writer():
        pass
    assert mark_of(through)["clean"]
    verification = through.verify()
    assert verification.sound, verification.faults
    through.close()


def test_a_reader_that_is_far_behind_leaves_the_mirror_to_the_next_writer(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bank = Library(root, embedders=lambda spec: EMBEDDER).bank("big")
    mirror = ChromaMirror(bank.path / "chroma", 64)
    with bank.catalog.reading() as connection:
        assert mirror.catch_up(connection)
    fill(bank, range(300, 310))
    with bank.catalog.reading() as connection:
        assert not mirror.catch_up(connection, most=9)
    assert "far behind" in caplog.text
    assert mark_of(bank)["clean"]
    with bank.writer() as writer:
        remove(writer, "7.md")
    assert mark_of(bank)["generation"] == bank.catalog.generation()
    verification = bank.verify()
    assert verification.sound, verification.faults


def test_filters_and_access_are_exact_whatever_chroma_finds(root: Path) -> None:
    through = opened(root)
    exact = Library(root, embedders=lambda spec: EMBEDDER).bank("big")
    fill(exact, range(300, 700), allow="staff")
    for filters in ({"uri": "42.md"}, {"media_type": "text/plain"}, {"title": "nobody"}):
        found, expected = (bank.search("topic3 item42", k=9, filters=filters) for bank in (through, exact))
        assert [passage.uri for passage in found] == [passage.uri for passage in expected]
    through.close()


def test_a_second_process_searches_exactly_while_the_mirror_is_owned(root: Path) -> None:
    first = opened(root)
    second = opened(root, ExactVectors)
    assert first.search("item7", k=1)[0].uri == second.search("item7", k=1)[0].uri == "7.md"
    first.close()
    second.close()


def test_hidden_chunks_stay_hidden_behind_chroma(root: Path) -> None:
    fill(Library(root, embedders=lambda spec: EMBEDDER).bank("big"), range(300, 900), allow="staff")
    bank = opened(root)
    assert all(int(passage.title) < 300 for passage in bank.search("item305 topic3 article", k=50))
    staff = Reader(frozenset({"staff"}))
    assert bank.search("item305", k=1, reader=staff)[0].uri == "305.md"
    bank.close()


def test_a_mirror_that_was_not_closed_in_good_order_is_built_anew(root: Path) -> None:
    bank = Library(root, embedders=lambda spec: EMBEDDER).bank("big")
    mark = bank.path / "chroma" / "mark.json"
    before = json.loads(mark.read_text())
    mark.write_text(json.dumps(before | {"clean": False}))
    for file in (bank.path / "chroma" / before["folder"]).rglob("*.bin"):
        file.write_bytes(b"torn")
    assert ChromaMirror(bank.path / "chroma", 64).contents() is None
    assert bank.verify().notes
    fill(bank, range(300, 301))
    after = json.loads(mark.read_text())
    assert after["folder"] != before["folder"]
    assert after["clean"]
    verification = bank.verify()
    assert verification.sound, verification.faults
    assert not verification.notes


@pytest.mark.parametrize("mark", ["{}", "[]", "junk", '{"folder": "elsewhere"}'])
def test_a_mark_that_says_too_little_is_no_mark(root: Path, mark: str) -> None:
    bank = Library(root, embedders=lambda spec: EMBEDDER).bank("big")
    (bank.path / "chroma" / "mark.json").write_text(mark)
    assert bank.verify().notes
    (bank.path / "chroma" / "notes of mine").mkdir()
    fill(bank, range(300, 301))
    verification = bank.verify()
    assert verification.sound, verification.faults


@pytest.mark.parametrize("made_again", [False, True])
def test_closing_the_mirror_of_a_bank_that_was_removed_leaves_what_stands_there_now_alone(
    root: Path, made_again: bool
) -> None:
    through = opened(root)
    fill(Library(root, embedders=lambda spec: EMBEDDER).bank("big"), range(300, 310))
    assert through.search("item305", k=1)[0].uri == "305.md"
    folder = through.path / "chroma"
    shutil.rmtree(folder)
    if made_again:
        folder.mkdir()
        (folder / "owner.lock").touch()
        (folder / "mark.json").write_text("another's", "utf-8")
    through.close()
    assert [path.read_text("utf-8") for path in folder.glob("mark.*")] == ["another's"] * made_again
