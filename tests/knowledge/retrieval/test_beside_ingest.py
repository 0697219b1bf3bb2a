"""Searches through Chroma beside an ingest that is under way, or was killed there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from knowledge.bank import KnowledgeBank
from knowledge.library import Library
from knowledge.retrieval.chroma_search import ChromaVectors
from knowledge.storage.chroma import ChromaMirror
from knowledge.storage.schema import connect, transaction
from knowledge.storage.staging import remove_retired, retire_homeless, stage
from tests.knowledge.retrieval.test_indexes import EMBEDDER, ENOUGH
from tests.knowledge.storage.test_chroma import fill, small_document


@pytest.fixture
def other(tmp_path: Path) -> KnowledgeBank:
    """The bank as an ingest has it."""
    bank = Library(tmp_path, embedders=lambda spec: EMBEDDER).create("big")
    fill(bank, range(300))
    return bank


@pytest.fixture
def served(other: KnowledgeBank) -> Iterator[KnowledgeBank]:
    """The bank in a process that has its mirror."""
    bank = Library(other.path.parent.parent, embedders=lambda spec: EMBEDDER, chroma_from=100).bank("big")
    bank.search("anything", k=1)
    assert bank.settle(ENOUGH)
    yield bank
    bank.close()


def stage_more(bank: KnowledgeBank, numbers: range) -> None:
    """What an ingest has written of its next batch before that is live."""
    connection = connect(bank.path / "catalog.sqlite")
    with transaction(connection):
        connection.execute("UPDATE state SET value = 1 WHERE key = 'dirty'")
    stage(connection, [small_document(1, number, "public") for number in numbers])
    connection.close()


def chunks_in_chroma(bank: KnowledgeBank) -> int:
    contents = ChromaMirror(bank.path / "chroma", 64).contents()
    assert contents is not None
    return len(contents[0])


def test_what_an_ingest_has_staged_is_not_found_and_fails_no_search(
    served: KnowledgeBank, other: KnowledgeBank
) -> None:
    fill(other, range(300, 310))
    stage_more(other, range(310, 320))
    found = served.search("article 315 speaks of item315 and item312", k=20)
    assert len(found) == 20
    assert all(int(passage.uri.removesuffix(".md")) < 310 for passage in found)
    served.close()
    verification = other.verify()
    assert verification.sound, verification.faults
    assert chunks_in_chroma(other) == 310
    with other.writer():
        pass
    fill(other, range(310, 320))
    assert served.search("item315", k=1)[0].uri == "315.md"
    served.close()
    verification = other.verify()
    assert (verification.faults, verification.notes) == ((), ())
    assert chunks_in_chroma(other) == 320


def test_what_was_retired_is_not_found_before_it_is_removed_and_not_in_chroma_afterwards(
    served: KnowledgeBank, other: KnowledgeBank
) -> None:
    connection = connect(other.path / "catalog.sqlite")
    with transaction(connection):
        connection.execute("DELETE FROM place WHERE uri IN ('7.md', '8.md')")
        retire_homeless(connection)
    found = served.search("article 7 speaks of item7", k=20)
    assert len(found) == 20
    assert not {"7.md", "8.md"} & {passage.uri for passage in found}
    remove_retired(connection)
    connection.close()
    assert served.search("item9", k=1)[0].uri == "9.md"
    served.close()
    assert chunks_in_chroma(other) == 298


def test_chunks_that_only_chroma_holds_take_no_places(served: KnowledgeBank, other: KnowledgeBank) -> None:
    query = EMBEDDER.embed_query("article 7 speaks of item7")
    with served.catalog.reading():
        vectors = served._indexes.current(served.catalog).vectors
        expected = vectors.search(query, 30, None)
        mirror = served._indexes._mirror
        assert mirror is not None
        ids, documents = served.catalog.owners()
        known = ~np.isin(ids, list(expected)[:10])
        index = ChromaVectors(served.catalog, mirror, 64, (ids[known], documents[known]), lost=lambda *_: None)
        found = index.search(query, 20, None)
    assert not found.keys() & set(list(expected)[:10])
    assert list(found.values()) == pytest.approx(list(expected.values())[10:])
