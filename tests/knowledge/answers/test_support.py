"""A sentence that a model wrote stands only if passages support it, to the last number and name."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.answers.claims import claim_of, denials
from knowledge.answers.lexicon import Lexicon
from knowledge.answers.support import support, support_check
from knowledge.card import EmbedderSpec
from knowledge.embedding.embedder import Embedder
from knowledge.embedding.registry import open_embedder
from knowledge.testing import HashingEmbedder
from knowledge.types import Passage, Scores

REWARDS = (
    "You can redeem once your available rewards balance reaches at least $17. Partial redemptions are allowed as long "
    "as each request meets the $17 minimum. A replacement card does not cost anything. Virtual cards are not available."
)
ACCIDENT = (
    "On December 23, 2007, a Panama registered Cessna 172, HP762, was destroyed upon impact with terrain near Boquete. "
    "The pilot and two passengers sustained fatal injuries and one passenger sustained serious injuries."
)


@pytest.fixture(scope="module")
def minilm() -> Embedder:
    return open_embedder(EmbedderSpec())


def passage(number: int, title: str, text: str) -> Passage:
    return Passage(
        chunk_id=number,
        document_id=number,
        bank="desk",
        title=title,
        uri=f"{number}.md",
        text=text,
        start=40,
        end=40 + len(text),
        headings=(title,),
        page_first=None,
        page_last=None,
        pages=(),
        metadata={},
        scores=Scores(1.0, 0.6, 5.0, 1.0, 1.0),
    )


PASSAGES = (passage(1, "Bronze Rewards Card", REWARDS), passage(2, "Report DFW08WA050", ACCIDENT))


@pytest.mark.parametrize(
    "sentence",
    [
        "You need at least $17 of rewards before you can redeem them.",
        "Rewards can be redeemed from $17.00 upwards.",
        "With the Bronze Rewards Card, partial redemptions are allowed.",
        "A replacement card does not cost anything.",
        "Virtual cards aren't available.",
        "The Cessna 172 was destroyed near Boquete on December 23, 2007.",
        "The Cessna was destroyed near Boquete on 12/23/2007.",
        "The pilot and 2 passengers sustained fatal injuries.",
    ],
)
def test_what_a_passage_says_in_other_words_is_supported(sentence: str, minilm: Embedder) -> None:
    assert support(sentence, PASSAGES, minilm)


@pytest.mark.parametrize(
    "sentence",
    [
        "You need at least $18 of rewards before you can redeem them.",
        "Partial redemptions are not allowed.",
        "A replacement card costs money.",
        "Virtual cards are available.",
        "The Cessna 172 was destroyed near Bogota on December 23, 2007.",
        "The Piper 172 was destroyed near Boquete on December 23, 2007.",
        "The Cessna 172 was destroyed near Boquete on December 24, 2007.",
        "The Cessna 182 was destroyed near Boquete on December 23, 2007.",
        "The pilot and three passengers sustained fatal injuries.",
        "You can redeem once your available rewards balance reaches at most $17.",
        "Gold prices rose sharply last year.",
        "I am happy to help!",
        "",
    ],
)
def test_a_wrong_number_name_denial_or_topic_is_not_supported(sentence: str, minilm: Embedder) -> None:
    assert support(sentence, PASSAGES, minilm) == ()


def test_the_citations_are_the_supporting_words(minilm: Embedder) -> None:
    (citation,) = support("Partial redemptions are allowed from $17.", PASSAGES, minilm)
    assert citation.quote.startswith("Partial redemptions are allowed")
    assert REWARDS[citation.start - 40 : citation.end - 40] == citation.quote


def test_a_sentence_that_joins_two_passages_cites_both(minilm: Embedder) -> None:
    joined = "Partial redemptions are allowed from $17, and the Cessna 172 was destroyed near Boquete."
    assert {citation.document_id for citation in support(joined, PASSAGES, minilm)} == {1, 2}


def test_a_check_keeps_its_embedder(minilm: Embedder) -> None:
    check = support_check(minilm)
    assert check("Virtual cards are not available.", PASSAGES) == support(
        "Virtual cards are not available.", PASSAGES, minilm
    )
    assert check("Virtual cards are not available.", ()) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("It isn't so.", True), ("Not without fees.", True), ("No.", True), ("A note on nodes.", False), ("Yes.", False)],
)
def test_denials_are_recognised(text: str, *, expected: bool) -> None:
    assert bool(denials(text)) is expected


def test_dates_agree_however_they_are_written() -> None:
    lexicon = Lexicon()
    assert claim_of("It was on 12/23/2007.", lexicon).numbers <= claim_of("On December 23, 2007.", lexicon).all_stems
    assert claim_of("On December 23, 2007.", lexicon).numbers <= claim_of("It was on 2007-12-23.", lexicon).all_stems


@settings(max_examples=60, deadline=None)
@given(number=st.integers(2, 9999).filter(lambda n: n not in (17, 23, 172, 2007, 762)))
def test_no_number_is_supported_that_no_passage_holds(number: int) -> None:
    sentence = f"You can redeem once your available rewards balance reaches at least ${number}."
    assert support(sentence, PASSAGES, HashingEmbedder()) == ()


@settings(max_examples=60, deadline=None)
@given(sentence=st.text(max_size=80), text=st.text(min_size=1, max_size=200))
def test_whatever_is_cited_stands_in_a_passage(sentence: str, text: str) -> None:
    for citation in support(sentence, [passage(1, "T", text)], HashingEmbedder()):
        assert text[citation.start - 40 : citation.end - 40] == citation.quote
