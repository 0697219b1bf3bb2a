"""A question goes to the banks whose passages are really about it, not to those whose best hit is their best."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.card import BankCard
from knowledge.embedding.embedder import EmbedderIdentity
from knowledge.retrieval.routing import route
from knowledge.types import Passage, Scores

MINILM = EmbedderIdentity("minilm", 384, "a", 256)
CARDS = {
    "banking": BankCard("banking", MINILM, title="Help desk", description="Cards, fees, limits"),
    "rust": BankCard("rust", MINILM, title="The Rust book", description="Ownership, traits, crates"),
}


def passage(bank: str, text: str, cosine: float, number: int = 1) -> Passage:
    return Passage(
        chunk_id=number,
        document_id=number,
        bank=bank,
        title="Title",
        uri=f"{bank}/{number}.md",
        text=text,
        start=0,
        end=len(text),
        headings=(),
        page_first=None,
        page_last=None,
        pages=(),
        metadata={},
        scores=Scores(1.0, cosine, 3.0, 1.0, 1.0),
    )


FEE = passage("banking", "The annual fee of the Gold card is $90.", 0.8)
CRATE = passage("rust", "A package holds at most one library crate.", 0.25)


def test_the_bank_with_the_nearer_passage_is_asked() -> None:
    routing = route("What is the annual fee of the Gold card?", {"rust": [CRATE], "banking": [FEE]}, CARDS)
    assert routing.banks == ("banking",)
    assert routing.passages == (FEE,)


def test_scaled_scores_of_different_banks_are_not_compared() -> None:
    boasting = replace(CRATE, scores=Scores(9.0, 0.25, 30.0, 9.0, 9.0))
    assert route("What is the annual fee?", {"rust": [boasting], "banking": [FEE]}, CARDS).banks[0] == "banking"


def test_a_question_about_two_domains_reaches_both_banks_and_mixes_their_passages() -> None:
    near = replace(CRATE, scores=Scores(1.0, 0.75, 3.0, 1.0, 1.0))
    far = passage("banking", "Cards are made of metal.", 0.3, 2)
    question = "What is the annual fee of the Gold card, and how many library crates may a package hold?"
    routing = route(question, {"banking": [FEE, far], "rust": [near]}, CARDS)
    assert set(routing.banks) == {"banking", "rust"}
    assert routing.passages[-1] == far


def test_one_bank_keeps_the_order_of_its_search() -> None:
    first, second = passage("banking", "Metal.", 0.2, 1), passage("banking", "The annual fee is $90.", 0.8, 2)
    assert route("What is the annual fee?", {"banking": [first, second]}, CARDS).passages == (first, second)


def test_banks_with_different_embedders_are_compared_by_words() -> None:
    other = {**CARDS, "rust": replace(CARDS["rust"], embedder=EmbedderIdentity("other", 8, "b", 512))}
    misleading = replace(CRATE, scores=Scores(1.0, 0.99, 3.0, 1.0, 1.0))
    routing = route("What is the annual fee of the Gold card?", {"rust": [misleading], "banking": [FEE]}, other)
    assert routing.banks[0] == "banking"


@pytest.mark.parametrize("found", [{}, {"banking": []}, {"banking": [], "rust": []}])
def test_where_nothing_was_found_no_bank_is_named(found: dict[str, list[Passage]]) -> None:
    routing = route("Anything?", found, CARDS)
    assert (routing.banks, routing.passages) == ((), ())


def test_a_bank_that_found_nothing_is_left_out() -> None:
    assert route("What is the annual fee?", {"rust": [], "banking": [FEE]}, {}).banks == ("banking",)


@given(
    question=st.text(max_size=40),
    cosines=st.dictionaries(
        st.sampled_from(["a", "b", "c"]), st.lists(st.floats(-1, 1, allow_nan=False), max_size=4), max_size=3
    ),
)
def test_every_passage_comes_from_a_chosen_bank_and_none_twice(question: str, cosines: dict[str, list[float]]) -> None:
    found = {
        bank: [passage(bank, f"Words of {bank} {number}.", cosine, number) for number, cosine in enumerate(values)]
        for bank, values in cosines.items()
    }
    routing = route(question, found, {})
    assert len(routing.banks) <= 2
    expected = [p for bank in routing.banks for p in found[bank]]
    assert sorted(p.uri for p in routing.passages) == sorted(p.uri for p in expected)
