"""An extractive answer quotes what answers, word for word, or says that nothing does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.answers.answering import answer, extract
from knowledge.answers.markup import plain_row
from knowledge.card import EmbedderSpec
from knowledge.embedding.embedder import Embedder
from knowledge.embedding.registry import open_embedder
from knowledge.testing import HashingEmbedder
from knowledge.types import PageSpan, Passage, Scores

FEES = """# Gold card fees

The annual fee of the Gold card is $90. It is waived in the first year. The card has a metal body.

| Item | Gold | Silver |
| ---- | ---- | ------ |
| Foreign transactions | 0% | 2.5% |
| Replacement card | $10 | free |
"""
BLOCKING = """# Blocking a card

To block a lost card:

1. Open the app and choose *Cards*.
2. Tap **Block** and give the reason.
3. Order a replacement, if you need one.

A blocked card cannot be unblocked.
"""
REPORT = """The pilot, age 85, was attempting to land a Piper PA-22-150 at his private airstrip near Tallahassee.
While on final approach the airplane contacted trees, then utility wires. He had 2,319 hours of experience.
"""


@pytest.fixture(scope="module")
def minilm() -> Embedder:
    return open_embedder(EmbedderSpec())


def passages(question: str, embedder: Embedder, *texts: str, start: int = 500) -> tuple[Passage, ...]:
    """Passages as a bank would find them, ordered by their cosine to the question."""
    titles = [text.splitlines()[0].lstrip("# ") for text in texts]
    nearness = [float(embedder.embed_query(question) @ embedder.embed_query(text)) for text in texts]
    found = [
        Passage(
            chunk_id=number,
            document_id=number,
            bank="desk",
            title=title,
            uri=f"{number}.md",
            text=text,
            start=start,
            end=start + len(text),
            headings=(title,),
            page_first=1,
            page_last=1,
            pages=(PageSpan(1, 0, start + 60), PageSpan(2, start + 60, start + 5000)),
            metadata={},
            scores=Scores(near, near, 5.0 * near, near, near),
        )
        for number, (title, text, near) in enumerate(zip(titles, texts, nearness, strict=True), 1)
    ]
    return tuple(sorted(found, key=lambda p: p.scores.total, reverse=True))


def asked(question: str, embedder: Embedder, texts: Sequence[str] = (FEES, BLOCKING, REPORT)) -> list[str]:
    return [s.text for s in answer(question, passages(question, embedder, *texts), embedder).sentences]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the annual fee of the Gold card?", "The annual fee of the Gold card is $90."),
        ("How old was the pilot near Tallahassee?", "The pilot, age 85,"),
        ("How many hours of experience did the pilot have?", "2,319 hours of experience"),
        ("Can a blocked card be unblocked?", "A blocked card cannot be unblocked."),
    ],
)
def test_the_sentence_that_answers_comes_first(question: str, expected: str, minilm: Embedder) -> None:
    assert expected in asked(question, minilm)[0]


def test_a_table_row_is_quoted_with_the_words_of_its_header(minilm: Embedder) -> None:
    question = "What do foreign transactions cost with the Gold card?"
    found = answer(question, passages(question, minilm, FEES, BLOCKING, REPORT), minilm)
    assert found.sentences[0].text == "Foreign transactions; Gold: 0%; Silver: 2.5%"
    assert found.citations[0].quote == "| Foreign transactions | 0% | 2.5% |"


def test_labels_and_values_of_a_form_stay_together() -> None:
    assert plain_row("| Aircraft: | Piper PA-31T | Damage: | |") == "Aircraft: Piper PA-31T, Damage:"


def test_a_question_for_steps_gets_the_whole_list_as_one_quotation(minilm: Embedder) -> None:
    question = "How do I block a lost card?"
    found = answer(question, passages(question, minilm, FEES, BLOCKING, REPORT), minilm)
    whole = next(s for s in found.sentences if "\n" in s.text)
    assert whole.text.splitlines()[-3:] == [
        "- Open the app and choose Cards.",
        "- Tap Block and give the reason.",
        "- Order a replacement, if you need one.",
    ]
    assert "1. Open the app and choose *Cards*.\n2. Tap **Block**" in whole.citations[0].quote


def test_a_question_about_two_documents_is_answered_from_both(minilm: Embedder) -> None:
    question = "What is the annual fee of the Gold card, and can a blocked card be unblocked?"
    found = answer(question, passages(question, minilm, FEES, BLOCKING, REPORT), minilm)
    assert {citation.title for citation in found.citations} == {"Gold card fees", "Blocking a card"}


def test_what_the_documents_do_not_say_is_not_answered(minilm: Embedder) -> None:
    for question in ("Which moons does Jupiter have?", "Who composed the Brandenburg Concertos?"):
        found = answer(question, passages(question, minilm, FEES, BLOCKING, REPORT), minilm)
        assert found.abstained
        assert not found.sentences
        assert len(found.closest) == 3
        assert found.confidence < 0.3


def test_a_name_that_no_passage_holds_lowers_the_confidence(minilm: Embedder) -> None:
    def sure(question: str) -> float:
        return extract(question, passages(question, minilm, FEES, BLOCKING, REPORT), minilm).confidence

    assert sure("What is the annual fee of the Gold card?") > 0.6
    known, unknown = "What is the annual fee of the Gold card?", "What is the annual fee of the Zirconium card?"
    assert sure(unknown) < sure(known) - 0.15


def test_the_opposite_of_what_is_asked_lowers_the_confidence(minilm: Embedder) -> None:
    text = "# Leave\n\nUnused days expire after March of the next year."
    question, opposite = "When do unused days expire after?", "When do unused days expire before?"
    one, other = (extract(q, passages(q, minilm, text), minilm).confidence for q in (question, opposite))
    assert other < one


def test_a_citation_says_on_which_page_the_words_stand(minilm: Embedder) -> None:
    question = "How many hours of experience did the pilot have?"
    found = answer(question, passages(question, minilm, REPORT), minilm)
    assert [citation.page for citation in found.citations] == [2]


def test_without_passages_the_answer_is_an_abstention() -> None:
    found = answer("Anything?", (), HashingEmbedder(), banks=("desk",))
    assert (found.abstained, found.confidence, found.banks, found.closest) == (True, 0.0, ("desk",), ())


def test_headings_and_table_headers_are_never_an_answer(minilm: Embedder) -> None:
    assert asked("Gold card fees", minilm, ["# Gold card fees\n\n| Item | Gold |\n|---|---|\n"]) == []


WORDS = st.sampled_from(
    ["fee", "Gold", "card", "7", "not", "block", "pilot", "- ", "\n", "\n\n", ". ", "? ", "| a | b |", "#"]
)


@settings(max_examples=60, deadline=None)
@given(question=st.text(max_size=60), texts=st.lists(st.lists(WORDS, min_size=1).map(" ".join), max_size=4))
def test_every_quotation_stands_in_its_passage(question: str, texts: list[str]) -> None:
    embedder = HashingEmbedder()
    given_passages = passages(question, embedder, *(text for text in texts if text.strip()), start=3)
    found = extract(question, given_passages, embedder)
    by_document = {passage.document_id: passage for passage in given_passages}
    assert len(found.sentences) <= 3
    assert 0.0 <= found.confidence <= 1.0
    for sentence in found.sentences:
        for citation in sentence.citations:
            passage = by_document[citation.document_id]
            assert passage.text[citation.start - passage.start : citation.end - passage.start] == citation.quote


def test_a_unit_that_says_what_a_shorter_one_says_and_more_is_quoted_beside_it() -> None:
    short = "The Gold card has a fee."
    long = "The Gold card has a fee of 90 dollars, which every holder pays in January, as the bank announced."
    question, embedder = "Which fee does the Gold card have?", HashingEmbedder()
    found = extract(question, passages(question, embedder, f"# Cards\n\n{short}\n\n{long}"), embedder)
    assert [sentence.text for sentence in found.sentences] == [short, long]


def test_a_unit_that_says_nothing_beyond_another_is_not_quoted_beside_it() -> None:
    long = "The annual fee of the Gold card is 90 dollars in the first year."
    short = "The fee of the Gold card is 90 dollars."
    question = "What is the annual fee of the Gold card in the first year?"
    embedder = HashingEmbedder()
    found = extract(question, passages(question, embedder, long, short), embedder)
    assert [sentence.text for sentence in found.sentences] == [long]


def test_quotations_stand_as_they_are_read_and_say_which_is_best(minilm: Embedder) -> None:
    text = "# Leave\n\nForm L-4 is for leave. Who joins gets leave of 25 days a year."
    question = "How many days of leave do I have a year, and which form is for it?"
    found = extract(question, passages(question, minilm, text), minilm)
    starts = [sentence.citations[0].start for sentence in found.sentences]
    assert starts == sorted(starts)
    assert [sentence.rank for sentence in found.sentences] == [2, 1]


@settings(max_examples=60, deadline=None)
@given(first=st.lists(WORDS, min_size=3).map(" ".join), second=st.lists(WORDS, min_size=3).map(" ".join))
def test_the_best_document_is_read_first_and_each_from_its_beginning(first: str, second: str) -> None:
    embedder, question = HashingEmbedder(), "Which fee does the Gold card have, and does the pilot block it?"
    found = extract(question, passages(question, embedder, f"One. {first}", f"Two. {second}"), embedder).sentences
    places = [(sentence.citations[0].document_id, sentence.citations[0].start) for sentence in found]
    documents = [document for document, _ in places]
    for document in set(documents):
        starts = [start for one, start in places if one == document]
        assert starts == sorted(starts)
    assert documents == sorted(documents, key=documents.index)
    assert not found or min(found, key=lambda one: one.rank).citations[0].document_id == documents[0]
