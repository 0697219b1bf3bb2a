"""What becomes of searches when Chroma fails after it was opened: a full disk, a damaged file."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from knowledge.bank import KnowledgeBank
from knowledge.retrieval.chroma_search import ChromaVectors
from knowledge.retrieval.indexes import BankIndexes
from knowledge.retrieval.vectors import ExactVectors
from tests.knowledge.retrieval.test_indexes import ENOUGH, Process, big_bank, fill, may_be_owned


@pytest.fixture
def bank(tmp_path: Path) -> KnowledgeBank:
    return big_bank(tmp_path)


@pytest.fixture
def process(bank: KnowledgeBank) -> Iterator[Process]:
    """A process that has the mirror."""
    process = Process(bank)
    process.search()
    assert process.indexes.settle(ENOUGH)
    assert process.search()[0] is ChromaVectors
    yield process
    process.close()


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """No file can be written behind its first `room` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def database(bank: KnowledgeBank) -> Path:
    mark = json.loads((bank.path / "chroma" / "mark.json").read_text("utf-8"))
    return bank.path / "chroma" / str(mark["folder"]) / "chroma.sqlite3"


@pytest.mark.parametrize("room", [0, 1_000], ids=["for nothing", "for the mark alone"])
def test_a_disk_that_is_full_when_chroma_is_to_follow_leaves_searches_exact_until_an_ingest_mends_it(
    process: Process, bank: KnowledgeBank, caplog: pytest.LogCaptureFixture, room: int
) -> None:
    fill(bank, range(300, 310))
    with full_disk(room):
        for _ in range(3):
            index, found = process.search(305)
            assert index is ExactVectors
            assert list(found) == [306]
    assert caplog.text.count("Chroma fails") == 1
    fill(bank, range(310, 311))
    process.search()
    assert process.indexes.settle(ENOUGH)
    assert process.search(310)[0] is ChromaVectors
    process.close()
    verification = bank.verify()
    assert (verification.faults, verification.notes) == ((), ())


def test_where_chroma_fails_in_a_search_that_and_later_ones_are_exact(
    process: Process, bank: KnowledgeBank, caplog: pytest.LogCaptureFixture
) -> None:
    expected = list(process.search(limit=10)[1])
    database(bank).write_bytes(b"junk" * 50_000)
    index, found = process.search(limit=10)
    assert index is ChromaVectors
    assert list(found) == expected
    for _ in range(2):
        index, found = process.search(limit=10)
        assert index is ExactVectors
        assert list(found) == expected
    assert caplog.text.count("Chroma fails") == 1
    assert process.indexes.settle(0)
    (bank.path / "chroma" / "mark.json").unlink()
    assert not may_be_owned(bank.path)
    with bank.writer():
        pass
    assert may_be_owned(bank.path)


def test_a_mirror_that_cannot_be_opened_is_let_be_until_an_ingest_has_mended_it(
    bank: KnowledgeBank, caplog: pytest.LogCaptureFixture
) -> None:
    database(bank).write_bytes(b"junk" * 5_000)
    process = Process(bank)
    process.indexes = BankIndexes(bank.path, chroma_from=100, again=0)
    for _ in range(3):
        assert process.search()[0] is ExactVectors
        assert process.indexes.settle(ENOUGH)
    assert caplog.text.count("Chroma cannot be opened") == 1
    (bank.path / "chroma" / "mark.json").unlink()
    with bank.writer():
        pass
    process.search()
    assert process.indexes.settle(ENOUGH)
    assert process.search()[0] is ChromaVectors
    process.close()


@pytest.mark.parametrize("again", [0.0, 3600.0])
def test_a_mirror_that_failed_is_tried_for_again_after_a_while(bank: KnowledgeBank, again: float) -> None:
    process = Process(bank)
    process.indexes = BankIndexes(bank.path, chroma_from=100, again=again)
    process.search()
    assert process.indexes.settle(ENOUGH)
    fill(bank, range(300, 310))
    with full_disk(1_000):
        assert process.search(305)[0] is ExactVectors
        assert process.indexes.settle(ENOUGH)
    with bank.writer():
        pass
    process.search()
    assert process.indexes.settle(ENOUGH)
    assert process.search(305)[0] is (ExactVectors if again else ChromaVectors)
    process.close()
