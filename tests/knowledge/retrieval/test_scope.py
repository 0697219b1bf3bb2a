"""What a reader may not see takes nothing away from what they may."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.bank import KnowledgeBank
from knowledge.library import Library
from knowledge.retrieval import search
from knowledge.storage.lexical import Postings, PostingsWriter
from knowledge.storage.scope import EVERYTHING, Scope
from knowledge.testing import HashingEmbedder
from knowledge.types import Chunk, NewDocument, NewPlace, Reader

EMBEDDER = HashingEmbedder()
STAFF = Reader(frozenset({"staff"}))
HIDDEN, OPEN = 2_300, 2_100


def document(number: int, *, hidden: bool, source: int) -> NewDocument:
    """Hidden ones repeat the word that is asked for; open ones have it once, in more words."""
    text = "ledger ledger ledger" if hidden else f"a note about the ledger of branch {number} and its keys"
    chunk = Chunk(0, len(text), text, "")
    allow = frozenset({"staff" if hidden else "public"})
    place = NewPlace(source, f"{number}.txt", allow)
    return NewDocument(f"{number}", f"{number}", text, "text/plain", (chunk,), EMBEDDER.embed([text]), (place,))


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBank]:
    bank = Library(tmp_path_factory.mktemp("root"), embedders=lambda _spec: EMBEDDER).create("hr")
    with bank.writer() as writer:
        source = writer.source("folder", "/docs")
        writer.commit([document(n, hidden=n < HIDDEN, source=source) for n in range(HIDDEN + OPEN)])
    yield bank
    bank.close()


def test_hidden_chunks_do_not_crowd_out_what_may_be_seen(bank: KnowledgeBank) -> None:
    assert search.FEW_CHUNKS < OPEN, "the open ones are to be looked through, not named"
    passages = bank.search("ledger", k=300)
    assert len(passages) == 300
    assert all(passage.scores.bm25 > 0 for passage in passages)
    assert all("branch" in passage.text for passage in passages)
    assert all("branch" not in passage.text for passage in bank.search("ledger", k=300, reader=STAFF))


def test_a_filter_that_few_documents_pass_finds_them_whatever_else_is_like_them(bank: KnowledgeBank) -> None:
    (only,) = bank.search("ledger", filters={"uri": f"{HIDDEN + 7}.txt"})
    assert only.title == f"{HIDDEN + 7}"
    assert only.scores.bm25 > 0
    assert bank.search("ledger", filters={"uri": "7.txt"}) == ()


def test_a_reader_who_may_see_all_is_not_slowed_down(bank: KnowledgeBank) -> None:
    assert bank.catalog.kinds(STAFF) is None
    assert bank.catalog.scope(None, {}) is EVERYTHING


def test_what_opens_is_seen_at_once(bank: KnowledgeBank) -> None:
    with bank.writer() as writer:
        place = writer.places(1)["3.txt"]
        writer.touch(place, size=1, mtime_ns=1, allow=frozenset({"public"}))
    assert bank.search("ledger", k=1)[0].title == "3"


@pytest.fixture(scope="module")
def postings(tmp_path_factory: pytest.TempPathFactory) -> Postings:
    """Sixty texts, no two of which fit alike."""
    path = tmp_path_factory.mktemp("postings") / "index"
    writer = PostingsWriter(path, "en")
    writer.add([(number, "ledger " * (1 + number * 7 % 61) + "rest " * number) for number in range(60)])
    writer.commit()
    writer.close()
    return Postings(path, "en")


@given(st.sets(st.integers(0, 59)), st.integers(1, 20))
def test_the_best_of_what_may_be_seen_are_found_in_their_order(postings: Postings, seen: set[int], limit: int) -> None:
    everything = postings.search("ledger", 60)
    found = postings.search_visible("ledger", limit, lambda chunks: [chunk for chunk in chunks if chunk in seen])
    assert list(found.items()) == [item for item in everything.items() if item[0] in seen][:limit]


def test_a_scope_knows_its_documents() -> None:
    scope = Scope(documents=np.array([2, 5, 9], np.int64))
    assert [number for number in range(12) if scope.holds(number)] == [2, 5, 9]
    assert EVERYTHING.holds(3)
