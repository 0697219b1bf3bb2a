from __future__ import annotations

import json
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from knowledge.bank import KnowledgeBank
from knowledge.library import Library
from knowledge.retrieval.chroma_search import ChromaVectors
from knowledge.retrieval.indexes import BankIndexes
from knowledge.retrieval.vectors import ExactVectors, VectorIndex
from knowledge.storage.catalog import Catalog
from knowledge.storage.chroma import CATCH_UP, ChromaMirror
from knowledge.testing import HashingEmbedder
from knowledge.types import Chunk, NewDocument, NewPlace

if TYPE_CHECKING:
    from knowledge.types import Matrix

EMBEDDER = HashingEmbedder()
ENOUGH = 60


class Process:
    """The indexes of a bank as a process that stays has them, beside those of other processes."""

    def __init__(self, bank: KnowledgeBank) -> None:
        self.path = bank.path
        self.catalog = Catalog(bank.path / "catalog.sqlite")
        self.indexes = BankIndexes(bank.path, chroma_from=100)

    def search(self, number: int = 20, limit: int = 1) -> tuple[type[VectorIndex], dict[int, float]]:
        """Asks for an article: through which index it goes, and which chunks are found; ids begin with 1."""
        with self.catalog.reading():
            vectors = self.indexes.current(self.catalog).vectors
            found = vectors.search(vector(number)[0], limit, None)
            self.indexes.answered()
        return type(vectors), found

    def close(self) -> None:
        held = self.indexes.forget()
        self.catalog.close()
        for one in held:
            one.close()


def vector(number: int) -> Matrix:
    """Of an article: one row, far from those of all others."""
    row: Matrix = np.random.default_rng(number).normal(size=(1, 64)).astype(np.float32)
    row /= np.linalg.norm(row)
    return row


def may_be_owned(path: Path) -> bool:
    mirror, catalog = ChromaMirror(path / "chroma", 64), Catalog(path / "catalog.sqlite")
    with catalog.reading() as connection:
        level = mirror.catch_up(connection)
    mirror.close()
    catalog.close()
    return level


def fill(bank: KnowledgeBank, numbers: range) -> None:
    texts = {number: f"Article {number} speaks of item{number}." for number in numbers}
    with bank.writer() as writer:
        source = writer.source("folder", "/docs")
        writer.commit(
            [
                NewDocument(
                    *(text, str(number), text, "text/plain"),
                    (Chunk(0, len(text), text, ""),),
                    vector(number),
                    (NewPlace(source, f"{number}.md", frozenset({"public"})),),
                )
                for number, text in texts.items()
            ]
        )


def big_bank(root: Path) -> KnowledgeBank:
    """A bank that has enough chunks for Chroma."""
    bank = Library(root, embedders=lambda spec: EMBEDDER).create("big")
    fill(bank, range(300))
    return bank


@pytest.fixture
def bank(tmp_path: Path) -> KnowledgeBank:
    return big_bank(tmp_path)


@pytest.fixture
def process(bank: KnowledgeBank) -> Iterator[Process]:
    process = Process(bank)
    yield process
    process.close()


def test_the_first_search_is_exact_and_later_ones_through_chroma_find_the_same(process: Process) -> None:
    first, expected = process.search(limit=10)
    assert first is ExactVectors
    assert process.indexes.settle(ENOUGH)
    later, found = process.search(limit=10)
    assert later is ChromaVectors
    assert list(found) == list(expected)
    assert list(found.values()) == pytest.approx(list(expected.values()), abs=2e-3)


def test_chroma_is_opened_behind_the_first_search_not_before_it(process: Process) -> None:
    with process.catalog.reading():
        process.indexes.current(process.catalog)
    assert process.indexes.settle(0)
    assert may_be_owned(process.path)
    process.search()
    assert not process.indexes.settle(0)


def test_the_exact_vectors_are_let_go_of_when_chroma_is_open(process: Process) -> None:
    with process.catalog.reading():
        vectors = process.indexes.current(process.catalog).vectors
    assert isinstance(vectors, ExactVectors)
    matrix = weakref.ref(vectors.matrix)
    del vectors
    process.search()
    assert matrix() is not None
    assert process.indexes.settle(ENOUGH)
    assert matrix() is None


def test_without_a_size_and_below_it_nothing_is_opened(bank: KnowledgeBank) -> None:
    for size in (None, 301):
        process = Process(bank)
        process.indexes = BankIndexes(bank.path, chroma_from=size)
        assert process.search()[0] is ExactVectors
        assert process.indexes.settle(0)
        assert process.search()[0] is ExactVectors
        process.close()


@pytest.mark.parametrize("seconds", [None, 0.0, 0.02, 0.1, 0.3])
def test_whoever_closes_while_chroma_opens_leaves_the_mirror_to_others(
    process: Process, bank: KnowledgeBank, seconds: float | None
) -> None:
    process.search()
    if seconds is not None:
        process.indexes.settle(seconds)
    started = time.perf_counter()
    process.close()
    assert time.perf_counter() - started < ENOUGH
    assert may_be_owned(bank.path)
    fill(bank, range(300, 310))
    verification = bank.verify()
    assert verification.sound, verification.faults
    assert not verification.notes


def test_a_bank_that_was_closed_while_chroma_opened_can_be_removed_and_used_again(bank: KnowledgeBank) -> None:
    library = Library(bank.path.parent.parent, embedders=lambda spec: EMBEDDER, chroma_from=100)
    through = library.bank("big")
    assert through.search("item7", k=1)[0].uri == "7.md"
    through.settle(0)
    through.close()
    assert through.search("item7", k=1)[0].uri == "7.md"
    assert through.settle(ENOUGH)
    assert through.search("item7", k=1)[0].uri == "7.md"
    library.remove("big")
    assert not bank.path.exists()


@pytest.mark.parametrize("searched", [False, True], ids=["not searched since", "searched since"])
def test_what_is_committed_while_chroma_opens_is_found_before_and_after(
    process: Process, bank: KnowledgeBank, searched: bool
) -> None:
    process.search()
    fill(bank, range(300, 310))
    if searched:
        index, found = process.search(305)
        assert index is ExactVectors
        assert list(found) == [306]
    assert process.indexes.settle(ENOUGH)
    index, found = process.search(305)
    assert index is ChromaVectors
    assert list(found) == [306]


def test_commits_at_any_moment_of_the_opening_are_found(process: Process, bank: KnowledgeBank) -> None:
    process.search()
    process.indexes.settle(0)
    number = 300
    for _ in range(8):
        fill(bank, range(number, number + 2))
        number += 2
        assert list(process.search(number - 1)[1]) == [number]
    assert process.indexes.settle(ENOUGH)
    fill(bank, range(number, number + 2))
    assert list(process.search(number)[1]) == [number + 1]


def test_later_commits_are_followed_through_the_open_mirror(process: Process, bank: KnowledgeBank) -> None:
    process.search()
    assert process.indexes.settle(ENOUGH)
    fill(bank, range(300, 310))
    index, found = process.search(305)
    assert index is ChromaVectors
    assert list(found) == [306]


def test_while_another_process_owns_the_mirror_searches_are_exact_until_a_later_generation(
    process: Process, bank: KnowledgeBank
) -> None:
    owner = Process(bank)
    owner.search()
    assert owner.indexes.settle(ENOUGH)
    for _ in range(2):
        assert process.search()[0] is ExactVectors
        assert process.indexes.settle(ENOUGH)
    assert owner.search()[0] is ChromaVectors
    owner.close()
    fill(bank, range(300, 310))
    assert process.search(305)[0] is ExactVectors
    assert process.indexes.settle(ENOUGH)
    assert process.search(305)[0] is ChromaVectors


def test_a_mirror_that_is_far_behind_is_left_to_the_next_writer(
    process: Process, bank: KnowledgeBank, caplog: pytest.LogCaptureFixture
) -> None:
    owner = Process(bank)
    owner.search()
    assert owner.indexes.settle(ENOUGH)
    text = "x" * (CATCH_UP + 1)
    chunks = tuple(Chunk(start, start + 1, "x", "") for start in range(len(text)))
    with bank.writer() as writer:
        place = NewPlace(writer.source("folder", "/docs"), "long.md", frozenset({"public"}))
        vectors = np.concatenate([vector(1_000 + number) for number in range(len(text))])
        writer.commit([NewDocument("Long", "long", text, "text/plain", chunks, vectors, (place,))])
    owner.close()
    for _ in range(2):
        assert process.search()[0] is ExactVectors
        assert process.indexes.settle(ENOUGH)
    assert caplog.text.count("far behind") == 1
    with bank.writer():
        pass
    fill(bank, range(300, 301))
    process.search()
    assert process.indexes.settle(ENOUGH)
    assert process.search()[0] is ChromaVectors


def test_where_chroma_cannot_be_opened_searches_stay_exact_and_the_log_says_so(
    process: Process, bank: KnowledgeBank, caplog: pytest.LogCaptureFixture
) -> None:
    mark = json.loads((bank.path / "chroma" / "mark.json").read_text("utf-8"))
    (bank.path / "chroma" / mark["folder"] / "chroma.sqlite3").write_bytes(b"junk" * 5_000)
    expected = process.search()
    assert process.indexes.settle(ENOUGH)
    assert process.search() == expected
    assert expected[0] is ExactVectors
    assert "Chroma cannot be opened" in caplog.text
    # The mirror is left to whoever writes next.
    (bank.path / "chroma" / "mark.json").unlink()
    fill(bank, range(300, 310))
    process.search()
    assert process.indexes.settle(ENOUGH)
    assert process.search(305)[0] is ChromaVectors


@pytest.mark.parametrize("seconds", [None, 0.0, 0.2], ids=["in the pause", "at once", "in the middle"])
def test_a_process_may_end_while_chroma_opens(bank: KnowledgeBank, seconds: float | None) -> None:
    wait = "" if seconds is None else f"bank.settle({seconds})"
    script = f"""
from knowledge.library import Library
from knowledge.testing import HashingEmbedder
bank = Library({str(bank.path.parent.parent)!r}, embedders=lambda spec: HashingEmbedder(), chroma_from=100).bank("big")
print(bank.search("item7", k=1)[0].uri)
{wait}
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=ENOUGH, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "7.md\n", "")
    assert may_be_owned(bank.path)
