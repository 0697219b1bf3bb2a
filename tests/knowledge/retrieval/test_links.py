"""What the titles that a hit mentions do to the order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.bank import KnowledgeBank
from knowledge.card import SearchOptions
from knowledge.library import Library
from knowledge.retrieval.search import LINKS_FOLLOWED, NEARER
from knowledge.testing import HashingEmbedder
from knowledge.types import Chunk, NewDocument, NewPlace, Passage

EMBEDDER = HashingEmbedder()
PEOPLE = ("Anna Lindqvist", "Boris Petrov", "Carla Rossi", "Dmitri Orlov", "Emma Fischer")
ASKED = "Who starred in the film about the lighthouse?"
FILM = f"The film about the lighthouse: who starred? {', '.join(PEOPLE)}."


def document(title: str, source: int, text: str) -> NewDocument:
    chunks = (Chunk(0, len(text), text, title),)
    vectors = EMBEDDER.embed([chunk.indexed_text for chunk in chunks])
    return NewDocument(title, title, text, "text/plain", chunks, vectors, (NewPlace(source, f"{title}.txt"),))


def filled(root: Path, texts: dict[str, str], link_weight: float) -> KnowledgeBank:
    bank = Library(root, embedders=lambda _spec: EMBEDDER).create("films")
    with bank.writer() as writer:
        source = writer.source("folder", "/docs")
        writer.commit([document(title, source, text) for title, text in texts.items()])
        writer.put_card(replace(bank.card(), search=SearchOptions(link_weight=link_weight)))
    bank.close()
    return bank


def born(person: str, number: int) -> str:
    """A text with the fewer of the question's words, the greater the number."""
    shared = ("film", "lighthouse", "starred")[number:]
    return f"{person} was born by the sea. {' '.join(shared)}."


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[KnowledgeBank]:
    texts = {"Keeper": FILM} | {person: born(person, number) for number, person in enumerate(PEOPLE)}
    bank = filled(tmp_path, texts, SearchOptions().link_weight)
    yield bank
    bank.close()


def linked(found: Sequence[Passage]) -> list[str]:
    return [passage.title for passage in found if passage.scores.link > 0]


def test_of_what_a_hit_links_to_only_the_few_that_stand_best_are_followed(bank: KnowledgeBank) -> None:
    found = bank.search(ASKED, k=10)
    assert found[0].title == "Keeper"
    assert linked(found) == list(PEOPLE[:LINKS_FOLLOWED])
    assert [passage.title for passage in found[1 : 1 + LINKS_FOLLOWED]] == list(PEOPLE[:LINKS_FOLLOWED])


def test_the_gain_is_a_share_of_the_score_of_the_hit(bank: KnowledgeBank) -> None:
    parent, *others = bank.search(ASKED, k=10)
    free = [p for p in others if p.scores.link and p.scores.total < 0.99 * parent.scores.total]
    assert free
    for passage in free:
        assert passage.scores.link == pytest.approx(SearchOptions().link_weight * parent.scores.total)


@settings(max_examples=10, deadline=None)
@given(weight=st.floats(0.05, 3.0), shift=st.integers(0, len(PEOPLE) - 1))
def test_nothing_farther_is_lifted_past_the_hit_that_links_to_it(
    tmp_path_factory: pytest.TempPathFactory, weight: float, shift: int
) -> None:
    people = PEOPLE[shift:] + PEOPLE[:shift]
    texts = {"Keeper": FILM} | {person: born(person, number) for number, person in enumerate(people)}
    bank = filled(tmp_path_factory.mktemp("films"), texts, weight)
    found = bank.search(ASKED, k=10)
    bank.close()
    parent = next(passage for passage in found if passage.title == "Keeper")
    assert found[0] == parent
    for passage in found[1:]:
        assert passage.scores.total < parent.scores.total
        assert passage.scores.link <= weight * parent.scores.total + 1e-9
    assert len(linked(found)) == LINKS_FOLLOWED


def test_what_is_clearly_nearer_in_meaning_may_pass_the_hit(tmp_path: Path) -> None:
    asked = "Which harbour did the captain of the northern ferry choose?"
    # To the hashing embedder, words that BM25 does not count have a meaning too.
    texts = {
        "Keeper": "Captain, northern ferry, harbour, choose: Anna Lindqvist tells it with ice and fog.",
        "Anna Lindqvist": "Which did the of the, which did the of?",
        "Parking": "Parking costs nothing.",
        "Lunch": "Kitchen serves lunch.",
    }
    found = {}
    for weight in (0.0, SearchOptions().link_weight):
        bank = filled(tmp_path / str(weight), texts, weight)
        found[weight] = bank.search(asked, k=2)
        bank.close()
    alone, linked_too = found.values()
    assert [passage.title for passage in alone] == ["Keeper", "Anna Lindqvist"]
    assert alone[1].scores.cosine > alone[0].scores.cosine + NEARER
    assert [passage.title for passage in linked_too] == ["Anna Lindqvist", "Keeper"]


def test_without_a_weight_no_link_counts(tmp_path: Path) -> None:
    bank = filled(tmp_path, {"Keeper": FILM} | {p: born(p, n) for n, p in enumerate(PEOPLE)}, 0.0)
    found = bank.search(ASKED, k=10)
    bank.close()
    assert len(found) == 1 + len(PEOPLE)
    assert not linked(found)
