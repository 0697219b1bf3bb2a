"""Neighbouring chunks that are both found are one passage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from knowledge.answers.evidence import Evidence
from knowledge.bank import KnowledgeBank
from knowledge.card import ChunkingOptions, RerankerSpec
from knowledge.library import Library
from knowledge.llamaindex.retriever import scored_node
from knowledge.retrieval.adjoining import LONGEST, Found, joined
from knowledge.terminal.presentation import print_passages
from knowledge.testing import HashingEmbedder, ScriptedReranker
from knowledge.types import Chunk, NewDocument, NewPlace, PageSpan, Passage, Reader
from tests.made_passages import passage as made

EMBEDDER = HashingEmbedder()
LEASE = "A lease of a car ends after three years."
DEPOSIT = "The deposit of the lease is paid back within thirty days."
PARKING = "Parking is free."
FOOD = "Food is served at noon."
NOTICE = "Notice of the end of a lease is given in writing."
TOKENS = 100


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path, embedders=lambda _spec: EMBEDDER)


@pytest.fixture
def bank(library: Library) -> Iterator[KnowledgeBank]:
    bank = library.create("hr")
    with bank.writer() as writer:
        writer.put_card(replace(bank.card(), chunking=ChunkingOptions(tokens=TOKENS)))
    yield bank
    bank.close()


def document(
    name: str,
    source: int,
    paragraphs: Sequence[str],
    *,
    tokens: int = TOKENS // 2,
    headings: Mapping[str, str] = {},
    gap: str = "\n\n",
) -> NewDocument:
    """One chunk a paragraph; every paragraph is a page of its own."""
    text = gap.join(paragraphs)
    starts = [sum(len(one) + len(gap) for one in paragraphs[:number]) for number in range(len(paragraphs))]
    spans = [(start, start + len(part), part) for start, part in zip(starts, paragraphs, strict=True)]
    chunks = tuple(
        Chunk(start, end, part, "", (headings[part],) if part in headings else (), page, page, tokens)
        for page, (start, end, part) in enumerate(spans, 1)
    )
    pages = tuple(PageSpan(page, start, end) for page, (start, end, _) in enumerate(spans, 1))
    vectors = EMBEDDER.embed([chunk.indexed_text for chunk in chunks])
    places = (NewPlace(source, f"{name}.txt"),)
    return NewDocument(name, name, text, "text/plain", chunks, vectors, places, pages)


def commit(bank: KnowledgeBank, paragraphs: Sequence[str], **how: object) -> None:
    with bank.writer() as writer:
        writer.commit([document("leases", writer.source("folder", "/docs"), paragraphs, **how)])  # type: ignore[arg-type]


def texts(passages: Sequence[Passage]) -> list[str]:
    return [passage.text for passage in passages]


def single(bank: KnowledgeBank, question: str, k: int) -> tuple[Passage, ...]:
    return bank.search(question, k=k, single=True)


def test_neighbours_that_are_both_found_are_one_passage_of_the_document(bank: KnowledgeBank) -> None:
    commit(bank, [PARKING, LEASE, DEPOSIT, NOTICE])
    question = "When is the deposit of a lease of a car paid back?"
    alone = single(bank, question, 2)
    assert sorted(texts(alone)) == sorted([LEASE, DEPOSIT])
    (found,) = bank.search(question, k=1)
    assert found.text == f"{LEASE}\n\n{DEPOSIT}"
    assert found.chunk_id == alone[0].chunk_id
    assert found.scores == replace(alone[0].scores, cosine=max(one.scores.cosine for one in alone))
    assert {(part.chunk_id, part.start, part.end) for part in found.parts} == {
        (one.chunk_id, one.start, one.end) for one in alone
    }
    assert (found.best.start, found.best.page_first) == (alone[0].start, alone[0].page_first)
    assert found.chunks == "-".join(str(one.chunk_id) for one in sorted(alone, key=lambda one: one.start))
    assert (found.page_first, found.page_last) == (2, 3)
    assert bank.document(found.document_id).text[found.start : found.end] == found.text
    quoted = found.text.index(DEPOSIT) + found.start
    citation = found.cite(quoted, quoted + len(DEPOSIT))
    assert (citation.quote, citation.page) == (DEPOSIT, 3)


def test_the_place_of_a_neighbour_goes_to_the_next_that_was_found(bank: KnowledgeBank) -> None:
    commit(bank, [PARKING, LEASE, DEPOSIT, PARKING, FOOD, NOTICE])
    found = bank.search("When is the deposit of a lease of a car paid back?", k=2)
    assert texts(found) == [f"{LEASE}\n\n{DEPOSIT}", NOTICE]


def test_two_at_most_become_one(bank: KnowledgeBank) -> None:
    commit(bank, [LEASE, DEPOSIT, NOTICE])
    found = bank.search("When is the deposit of a lease of a car paid back after notice?", k=3)
    assert sorted(text.count("\n\n") for text in texts(found)) == [0, 1]


@pytest.mark.parametrize(
    ("how", "joins"),
    [
        ({"tokens": int(LONGEST * TOKENS / 2)}, True),
        ({"tokens": int(LONGEST * TOKENS / 2) + 1}, False),
        ({"tokens": 0}, False),
        ({"headings": {LEASE: "Cars", DEPOSIT: "Cars"}}, True),
        ({"headings": {LEASE: "Cars", DEPOSIT: "Money"}}, False),
    ],
    ids=["as long as may be", "too long", "of no known length", "under one heading", "under two headings"],
)
def test_what_may_become_one(bank: KnowledgeBank, how: Mapping[str, object], joins: bool) -> None:
    commit(bank, [LEASE, DEPOSIT], **how)
    found = texts(bank.search("When is the deposit of a lease of a car paid back?", k=5))
    assert found == [f"{LEASE}\n\n{DEPOSIT}"] if joins else sorted(found) == sorted([LEASE, DEPOSIT])


def test_a_neighbour_that_has_little_to_do_with_it_stays_apart(bank: KnowledgeBank) -> None:
    commit(bank, [FOOD, DEPOSIT])
    found = bank.search("When is the deposit of the lease paid back?", k=1)
    assert texts(found) == [DEPOSIT]


def test_chunks_that_do_not_follow_on_one_another_stay_apart(bank: KnowledgeBank) -> None:
    commit(bank, [LEASE, PARKING, DEPOSIT])
    found = texts(bank.search("When is the deposit of a lease of a car paid back?", k=1))
    assert found[0] in (LEASE, DEPOSIT)


@pytest.mark.parametrize("gap", ["\0\n", "<!---->", "\n" * 9, " x "], ids=repr)
def test_only_a_little_white_space_may_stand_between(bank: KnowledgeBank, gap: str) -> None:
    commit(bank, [LEASE, DEPOSIT], gap=gap)
    found = bank.search("When is the deposit of a lease of a car paid back?", k=5)
    assert sorted(texts(found)) == sorted([LEASE, DEPOSIT])


@pytest.mark.parametrize("gap", ["", " ", "\r\n\r\n", "\u2003\u200a"], ids=repr)
def test_what_stands_between_belongs_to_the_passage(bank: KnowledgeBank, gap: str) -> None:
    # Characters of one, two and four bytes stand before, which SQLite counts.
    commit(bank, ["Ä é 🚗 of an old kind.", LEASE, DEPOSIT], gap=gap)
    (found,) = bank.search("When is the deposit of a lease of a car paid back?", k=1)
    assert found.text == f"{LEASE}{gap}{DEPOSIT}" == bank.document(found.document_id).text[found.start : found.end]


def test_what_was_found_is_what_is_seen_first(bank: KnowledgeBank) -> None:
    long = "What is paid back within a lease is the deposit, of course. " * 8 + "So much for that."
    commit(bank, [long, DEPOSIT, PARKING, FOOD])
    (found,) = bank.search(DEPOSIT, k=1)
    assert found.text == f"{long}\n\n{DEPOSIT}"
    out = StringIO()
    print_passages([found], Console(file=out, width=100))
    assert f"… {DEPOSIT}" in out.getvalue()
    node = scored_node(found).node
    assert node.id_ == f"hr/{found.parts[0].chunk_id}-{found.parts[1].chunk_id}"
    assert node.metadata["page"] == 2
    shown = Evidence()
    assert "shown above" not in shown.add(bank.search(DEPOSIT, k=1, single=True)) + shown.add([found])
    assert "shown above" in shown.add([found])


@pytest.mark.parametrize("better", [1, 3])
def test_of_two_neighbours_a_chunk_goes_to_the_better(better: int) -> None:
    texts = {1: "One.", 2: "Two.", 3: "Three."}
    starts = {1: 0, 2: 5, 3: 10}
    ranked = [better, 4 - better, 2]
    passages = [made(texts[chunk], start=starts[chunk], chunk_id=chunk) for chunk in ranked]
    gaps = {(("hr", 1), ("hr", 2)): " ", (("hr", 2), ("hr", 3)): " "}
    found = joined(Found(tuple(passages), gaps), 2)
    assert [passage.chunks for passage in found] == (["1-2", "3"] if better == 1 else ["2-3", "1"])


def test_a_reader_sees_nothing_more(bank: KnowledgeBank) -> None:
    with bank.writer() as writer:
        source = writer.source("folder", "/docs")
        for name, allow in (("leases", frozenset({"public"})), ("board", frozenset({"board"}))):
            one = document(name, source, [LEASE, DEPOSIT, name])
            place = replace(one.places[0], allow=allow)
            writer.commit([replace(one, places=(place,))])
    for question in ("When is the deposit of a lease of a car paid back?", "board"):
        assert {passage.uri for passage in bank.search(question, k=5)} == {"leases.txt"}
    found = bank.search("When is the deposit of a lease of a car paid back?", k=5, reader=Reader(frozenset({"board"})))
    assert sum(passage.text.startswith(f"{LEASE}\n\n{DEPOSIT}") for passage in found) == 2


def test_neighbours_are_joined_behind_a_reranker(tmp_path: Path) -> None:
    reranker = ScriptedReranker(lambda _question, text: float("Notice" in text))
    library = Library(tmp_path, embedders=lambda _spec: EMBEDDER, rerankers=lambda _spec: reranker)
    bank = library.create("hr")
    with bank.writer() as writer:
        card = replace(bank.card(), chunking=ChunkingOptions(tokens=TOKENS), reranker=RerankerSpec("scripted"))
        writer.put_card(card)
    commit(bank, [LEASE, DEPOSIT, PARKING, FOOD, NOTICE])
    found = bank.search("When is the deposit of a lease of a car paid back?", k=2)
    bank.close()
    assert NOTICE in found[0].text
    assert f"{LEASE}\n\n{DEPOSIT}" in texts(found)
    assert all("\n\n" not in text for _, read in reranker.asked for text in read)


def test_readers_who_close_and_search_at_once_get_passages(bank: KnowledgeBank) -> None:
    commit(bank, [LEASE, DEPOSIT, PARKING])

    def close_often() -> None:
        for _ in range(200):
            bank.close()

    with ThreadPoolExecutor(2) as pool:
        closing = pool.submit(close_often)
        while not closing.done():
            assert bank.search("When is the deposit of a lease of a car paid back?", k=1)[0].text
        closing.result()


def test_several_banks_join_each_their_own(library: Library, bank: KnowledgeBank) -> None:
    other = library.create("cars")
    with other.writer() as writer:
        writer.put_card(replace(other.card(), chunking=ChunkingOptions(tokens=TOKENS)))
    for one in (bank, other):
        commit(one, [LEASE, DEPOSIT])
    found = library.search("When is the deposit of a lease of a car paid back?", k=5)
    other.close()
    assert texts(found) == [f"{LEASE}\n\n{DEPOSIT}"] * 2
    assert {passage.bank for passage in found} == {"hr", "cars"}


@settings(max_examples=10, deadline=None)
@given(
    words=st.lists(st.sampled_from(["lease", "car", "deposit", "notice", "money"]), min_size=2, max_size=12),
    k=st.integers(1, 8),
)
def test_nothing_that_was_found_is_lost_or_shown_twice(
    tmp_path_factory: pytest.TempPathFactory, words: list[str], k: int
) -> None:
    library = Library(tmp_path_factory.mktemp("root"), embedders=lambda _spec: EMBEDDER)
    bank = library.create("hr")
    with bank.writer() as writer:
        writer.put_card(replace(bank.card(), chunking=ChunkingOptions(tokens=TOKENS)))
    commit(bank, [f"{word} is number {number}." for number, word in enumerate(words)])
    alone, found = single(bank, "lease deposit number", 2 * k), bank.search("lease deposit number", k=k)
    text = bank.document(alone[0].document_id).text
    bank.close()
    assert len(found) <= k
    assert all(text[passage.start : passage.end] == passage.text for passage in found)
    shown = [place for passage in found for place in range(passage.start, passage.end)]
    assert len(shown) == len(set(shown))
    assert all(any(one.start <= best.start < best.end <= one.end for one in found) for best in alone[:k])
    assert [one.chunk_id for one in found] == [one.chunk_id for one in alone if one.chunk_id in _ids(found)]


def _ids(passages: Sequence[Passage]) -> set[int]:
    return {passage.chunk_id for passage in passages}
