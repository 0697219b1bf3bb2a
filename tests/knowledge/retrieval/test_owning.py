"""Which of several processes has a bank's mirror, and what becomes of it when that process lets go of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection
from threading import Event, Thread
from time import sleep

import numpy as np
import pytest

from knowledge.bank import KnowledgeBank
from knowledge.library import Library
from knowledge.retrieval.chroma_search import ChromaVectors
from knowledge.retrieval.indexes import BankIndexes
from knowledge.retrieval.vectors import ExactVectors
from knowledge.storage.catalog import Catalog
from knowledge.storage.chroma import CATCH_UP
from knowledge.types import ANYONE, Chunk, NewDocument, NewPlace
from tests.knowledge.retrieval.test_indexes import EMBEDDER, ENOUGH, Process, fill, may_be_owned, vector


@pytest.fixture
def bank(tmp_path: Path) -> KnowledgeBank:
    bank = Library(tmp_path, embedders=lambda spec: EMBEDDER).create("big")
    fill(bank, range(300))
    return bank


def settled(bank: KnowledgeBank, *, again: float) -> Process:
    """A process that has searched, and has the mirror now unless another one had it."""
    process = Process(bank)
    process.indexes = BankIndexes(bank.path, chroma_from=100, again=again)
    process.search()
    assert process.indexes.settle(ENOUGH)
    return process


@pytest.mark.parametrize(("again", "then"), [(0.0, ChromaVectors), (3600.0, ExactVectors)])
def test_a_mirror_that_its_owner_let_go_of_is_taken_by_another_after_a_while(
    bank: KnowledgeBank, again: float, then: type
) -> None:
    owner = settled(bank, again=0)
    assert owner.search()[0] is ChromaVectors
    process = settled(bank, again=again)
    assert process.search()[0] is ExactVectors
    assert process.indexes.settle(ENOUGH)
    owner.close()
    assert process.search()[0] is ExactVectors
    assert process.indexes.settle(ENOUGH)
    assert process.search()[0] is then
    process.close()
    assert may_be_owned(bank.path)


def test_a_mirror_that_an_ingest_was_still_making_is_taken_when_that_has_ended(bank: KnowledgeBank) -> None:
    mark = bank.path / "chroma" / "mark.json"
    whole = mark.read_text("utf-8")
    mark.write_text(whole.replace("true", "false"), "utf-8")
    process = settled(bank, again=0)
    assert process.search()[0] is ExactVectors
    mark.write_text(whole, "utf-8")
    assert process.indexes.settle(ENOUGH)
    process.search()
    assert process.indexes.settle(ENOUGH)
    assert process.search()[0] is ChromaVectors
    process.close()


def test_an_owner_that_falls_far_behind_lets_go_and_the_next_ingest_brings_the_mirror_up_even_if_nothing_changed(
    bank: KnowledgeBank, caplog: pytest.LogCaptureFixture
) -> None:
    owner = settled(bank, again=0)
    fill(bank, range(300, 310))
    assert owner.search(305)[1].keys() == {306}
    text = "x" * (CATCH_UP + 1)
    chunks = tuple(Chunk(start, start + 1, "x", "") for start in range(len(text)))
    vectors = np.concatenate([vector(1_000 + number) for number in range(len(text))])
    with bank.writer() as writer:
        place = NewPlace(writer.source("folder", "/docs"), "long.md", frozenset({"public"}))
        writer.commit([NewDocument("Long", "long", text, "text/plain", chunks, vectors, (place,))])
    for _ in range(3):
        assert owner.search(1_000)[0] is ExactVectors
        assert owner.indexes.settle(ENOUGH)
    assert caplog.text.count("far behind") == 1
    late = settled(bank, again=0)
    for _ in range(2):
        assert late.search(1_000)[0] is ExactVectors
        assert late.indexes.settle(ENOUGH)
    assert caplog.text.count("far behind") == 2
    assert not may_be_owned(bank.path)
    with bank.writer():
        pass
    assert may_be_owned(bank.path)
    for process in (owner, late):
        process.search()
        assert process.indexes.settle(ENOUGH)
        assert process.search(305)[0] is ChromaVectors
        process.close()
    verification = bank.verify()
    assert verification.sound, verification.faults
    assert not verification.notes


class SlowCatalog(Catalog):
    """Whose first reading waits, once it has begun, until it may go on."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.begun, self.may_go_on = Event(), Event()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with super().reading() as connection:
            self.begun.set()
            assert self.may_go_on.wait(ENOUGH)
            yield connection


def test_a_search_that_is_under_way_when_its_bank_is_closed_leaves_no_mirror_behind(bank: KnowledgeBank) -> None:
    served = Library(bank.path.parent.parent, embedders=lambda spec: EMBEDDER, chroma_from=100).bank("big")
    query = served.embedder.embed_query("item7")
    served.close()
    served._catalog = catalog = SlowCatalog(bank.path / "catalog.sqlite")
    search = Thread(target=served.find, args=("item7", query), kwargs={"k": 1, "reader": ANYONE, "filters": {}})
    search.start()
    assert catalog.begun.wait(ENOUGH)
    closing = Thread(target=served.close)
    closing.start()
    while served._catalog is not None:
        sleep(0.01)
    catalog.may_go_on.set()
    search.join(ENOUGH)
    closing.join(ENOUGH)
    assert served.settle(ENOUGH)
    assert may_be_owned(bank.path)
