"""A reranker puts the first passages into another order, and nothing else changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from knowledge.bank import KnowledgeBank
from knowledge.card import RerankerSpec, card_from_json, card_to_json
from knowledge.library import Library
from knowledge.retrieval.reranking import HISTORY_READ, read_text, with_history
from knowledge.testing import HashingEmbedder, ScriptedReranker
from knowledge.types import Chunk, NewDocument, NewPlace, Reader

EMBEDDER = HashingEmbedder()
STAFF = Reader(frozenset({"public", "staff"}))
COUNT = 12
SPEC = RerankerSpec("scripted", passages=5)


def number_in(_question: str, text: str) -> float:
    """The higher the number of the note, the better."""
    return float(text.rpartition(" ")[2])


def document(number: int, source: int) -> NewDocument:
    text = f"The deposit is paid back {'soon ' * number}says note {number}"
    chunk = Chunk(0, len(text), text, f"Note {number} > Paying", ("Paying",))
    allow = frozenset({"staff" if number == COUNT else "public"})
    place = NewPlace(source, f"{number}.txt", allow)
    vectors = EMBEDDER.embed([chunk.indexed_text])
    return NewDocument(f"{number}", f"Note {number}", text, "text/plain", (chunk,), vectors, (place,))


@pytest.fixture
def reranker() -> ScriptedReranker:
    return ScriptedReranker(number_in)


@pytest.fixture
def library(tmp_path: Path, reranker: ScriptedReranker) -> Iterator[Library]:
    library = Library(tmp_path, embedders=lambda _spec: EMBEDDER, rerankers=lambda _spec: reranker)
    yield library
    library.close()


@pytest.fixture
def bank(library: Library) -> KnowledgeBank:
    bank = library.create("hr")
    with bank.writer() as writer:
        source = writer.source("folder", "/docs")
        writer.commit([document(number, source) for number in range(1, COUNT + 1)])
    return bank


def put(bank: KnowledgeBank, spec: RerankerSpec | None) -> None:
    with bank.writer() as writer:
        writer.put_card(replace(bank.card(), reranker=spec))
    bank.close()


def test_only_the_first_passages_are_moved_and_totals_still_order_them(bank: KnowledgeBank) -> None:
    before = bank.search("When is the deposit paid back?", k=COUNT)
    put(bank, SPEC)
    after = bank.search("When is the deposit paid back?", k=COUNT)
    wanted = sorted(before[: SPEC.passages], key=lambda one: number_in("", one.text), reverse=True)
    assert [one.text for one in after] == [one.text for one in (*wanted, *before[SPEC.passages :])]
    assert [one.scores.total for one in after] == [one.scores.total for one in before]
    assert [one.text for one in after] != [one.text for one in before]
    assert all(one.scores.rerank == 0.0 for one in after[SPEC.passages :])
    known = {one.text: one.scores for one in before}
    for one in after:
        assert one.scores.own == pytest.approx(known[one.text].own)
        assert one.scores.total - one.scores.rerank == pytest.approx(known[one.text].total)
        assert replace(one.scores, total=0.0, rerank=0.0) == replace(known[one.text], total=0.0)


def test_fewer_passages_are_asked_for_than_are_read(bank: KnowledgeBank, reranker: ScriptedReranker) -> None:
    put(bank, SPEC)
    whole = bank.search("When is the deposit paid back?", k=COUNT)
    assert bank.search("When is the deposit paid back?", k=2) == whole[:2]
    assert [len(texts) for _, texts in reranker.asked] == [SPEC.passages] * 2


@pytest.mark.parametrize("score", [lambda _question, _text: 1.0, lambda _question, _text: float("nan")])
def test_what_a_reranker_finds_equal_stays_as_it_was(
    bank: KnowledgeBank, library: Library, score: Callable[[str, str], float]
) -> None:
    before = bank.search("When is the deposit paid back?", k=COUNT)
    put(bank, SPEC)
    with_equal = Library(
        library.root, embedders=lambda _spec: EMBEDDER, rerankers=lambda _spec: ScriptedReranker(score)
    )
    assert with_equal.search("When is the deposit paid back?", k=COUNT) == before
    with_equal.close()


def test_what_a_reader_may_not_see_never_reaches_the_reranker(bank: KnowledgeBank, reranker: ScriptedReranker) -> None:
    put(bank, RerankerSpec("scripted", passages=2 * COUNT))
    hidden = f"note {COUNT}"
    assert len(bank.search("When is the deposit paid back?", k=COUNT)) == COUNT - 1
    assert bank.search("When is the deposit paid back?", k=1, reader=STAFF)[0].text.endswith(hidden)
    (_, seen), (_, by_staff) = reranker.asked
    assert len(seen) == COUNT - 1
    assert not any(text.endswith(hidden) for text in seen)
    assert any(text.endswith(hidden) for text in by_staff)
    bank.search("deposit", k=COUNT, filters={"uri": "3.txt"})
    assert len(reranker.asked) == 2, "one passage has no order"


def test_a_reranker_reads_what_is_indexed_and_the_end_of_the_conversation(
    bank: KnowledgeBank, reranker: ScriptedReranker
) -> None:
    put(bank, SPEC)
    found = bank.search("And the deposit?", k=SPEC.passages, history=["I leave the flat."])
    question, texts = reranker.asked[0]
    assert question == "I leave the flat. And the deposit?"
    assert set(texts) == {read_text(passage) for passage in found}
    number = found[0].title.rpartition(" ")[2]
    assert read_text(found[0]).startswith(f"Note {number} > Paying\nThe deposit")
    assert with_history("Why?", ["word " * 1000]) == ("word " * 1000)[-HISTORY_READ:].strip() + "  Why?"
    assert with_history("Why?", []) == "Why?"


def test_answers_and_libraries_search_with_the_reranker_of_each_bank(
    bank: KnowledgeBank, library: Library, reranker: ScriptedReranker
) -> None:
    library.create("other")
    put(bank, SPEC)
    library.ask("When is the deposit paid back?")
    bank.ask("When is the deposit paid back?")
    assert len(reranker.asked) == 2


def test_banks_share_one_reranker_for_a_model(tmp_path: Path) -> None:
    made: list[RerankerSpec] = []

    def make(spec: RerankerSpec) -> ScriptedReranker:
        made.append(spec)
        return ScriptedReranker(number_in)

    library = Library(tmp_path, embedders=lambda _spec: EMBEDDER, rerankers=make)
    first = library.reranker(RerankerSpec("a"))
    assert library.reranker(RerankerSpec("a", passages=50)) is first
    assert library.reranker(RerankerSpec("b")) is not first
    assert len(made) == 2


def test_a_card_keeps_its_reranker_and_an_older_one_has_none(bank: KnowledgeBank) -> None:
    card = replace(bank.card(), reranker=RerankerSpec("models/order", 20, "cpu"))
    assert card_from_json(card_to_json(card)) == card
    older = card_to_json(bank.card())
    del older["reranker"]
    assert card_from_json(older) == bank.card()
    assert bank.card().reranker is None
