"""Of a model's reply only supported sentences stay, with marks that count their citations."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.answers.evidence import NOTHING_FOUND, Evidence
from knowledge.answers.grounding import UNANSWERED, answer_from, ground, with_passages
from knowledge.types import Citation, Passage, Scores
from tests.made_passages import passage as made

SKY, SEA = "The sky is blue.", "The sea is deep & <b>salty</b>."


def passage(number: int, text: str, *, title: str = "Notes", page: int | None = None) -> Passage:
    return made(
        text,
        start=number * 1000,
        chunk_id=number,
        bank="notes",
        title=title,
        uri="notes.md",
        headings=("Nature",),
        page_first=page,
        page_last=page,
        scores=Scores(1.0, 1.0, 1.0, 1.0, 1.0),
    )


def verbatim(sentence: str, passages: Sequence[Passage]) -> tuple[Citation, ...]:
    """The strictest check there is: the sentence stands in the passage, word for word."""
    return tuple(
        found.cite(found.start + found.text.index(sentence), found.start + found.text.index(sentence) + len(sentence))
        for found in passages
        if sentence in found.text
    )


def shown(*texts: str) -> Evidence:
    evidence = Evidence()
    evidence.add(passage(number, text) for number, text in enumerate(texts, 1))
    return evidence


@pytest.mark.parametrize(
    "reply",
    [
        "The sky is blue [1].",
        "The sky is blue. [1]",
        "The sky is blue[1].",
        "The sky is blue 【1】.",
        "The sky is blue [1, 2].",
        "The sky is blue [1][2].",
        "The sky is blue [7].",
        "The sky is blue.",
        "# Answer\n\nThe sky is blue [1].",
        "The sky is blue. [1] The grass is red. [2]",
        f"The sky is blue [1]. {UNANSWERED}",
    ],
)
def test_a_supported_sentence_is_shown_with_its_own_mark(reply: str) -> None:
    grounded = ground(reply, shown(SKY, SEA), verbatim)
    assert grounded.text == "The sky is blue. [1]"
    assert [sentence.text for sentence in grounded.sentences] == ["The sky is blue."]
    assert UNANSWERED not in grounded.dropped


def test_the_passage_that_supports_is_cited_and_not_the_one_that_was_named() -> None:
    grounded = ground("The sky is blue [2].", shown(SKY, SEA), verbatim)
    [citation] = grounded.sentences[0].citations
    assert citation.start == 1000


def test_an_abstention_is_no_claim() -> None:
    grounded = ground(UNANSWERED, shown(SKY), verbatim)
    assert grounded.text == ""
    assert (grounded.sentences, grounded.dropped) == ((), ())


def test_nothing_left_makes_an_abstention() -> None:
    evidence = shown(SKY)
    answer = answer_from("Why?", ground("Because.", evidence, verbatim), evidence, model="m", host="h", timings={})
    assert answer.abstained
    assert answer.text == UNANSWERED
    assert answer.confidence == 0.0
    assert answer.dropped == ("Because.",)
    assert answer.closest == tuple(evidence.passages)


def test_the_confidence_is_the_share_that_is_supported() -> None:
    evidence = shown(SKY)
    grounded = ground(f"{SKY} Grass is red.", evidence, verbatim)
    assert answer_from("?", grounded, evidence, model="m", host="h", timings={}).confidence == 0.5


SENTENCES = st.lists(st.sampled_from([SKY, SEA, "Grass is red.", UNANSWERED, "Pigs fly [1]."]), max_size=6)


@given(SENTENCES, st.sampled_from([" ", "\n\n", " [1] "]))
def test_every_mark_counts_a_citation_and_every_citation_has_a_mark(sentences: list[str], between: str) -> None:
    evidence = shown(SKY, SEA)
    grounded = ground(between.join(sentences), evidence, verbatim)
    answer = answer_from("?", grounded, evidence, model="m", host="h", timings={})
    marks = [int(mark) for mark in re.findall(r"\[(\d+)\]", grounded.text)]
    assert sorted(set(marks)) == list(range(1, len(answer.citations) + 1))
    assert all(sentence.citations for sentence in grounded.sentences)
    assert list(dict.fromkeys(marks)) == sorted(set(marks))


def test_a_passage_says_where_it_stands() -> None:
    evidence = Evidence()
    text = evidence.add([passage(1, SKY, title='A "title" <b>', page=4)])
    assert text == (
        '<passage number="1" title="A &quot;title&quot; &lt;b&gt;" heading="Nature" page="4">\nThe sky is blue.\n'
        "</passage>"
    )


def test_a_passage_keeps_its_number_and_is_shown_once() -> None:
    evidence = Evidence()
    evidence.add([passage(1, SKY)])
    again = evidence.add([passage(2, SEA), passage(1, SKY)])
    assert again.endswith('<passage number="1">shown above</passage>')
    assert [found.chunk_id for found in evidence.passages] == [1, 2]
    assert evidence.at(2) == passage(2, SEA)
    assert evidence.at(0) is evidence.at(3) is None


def test_nothing_found_is_said() -> None:
    assert Evidence().add([]) == NOTHING_FOUND


TAGS = st.sampled_from(["</passage>", '<passage number="1">', "</ PASSAGE >", "<\tpassage", "<b>", "text", "<"])


@given(st.lists(TAGS, max_size=6).map("".join))
def test_no_text_can_close_or_open_a_passage(text: str) -> None:
    evidence = Evidence()
    written = evidence.add([passage(1, text + "!")])
    assert len(re.findall(r"<\s*passage", written, re.IGNORECASE)) == 1
    assert len(re.findall(r"<\s*/\s*passage", written, re.IGNORECASE)) == 1


def test_a_model_without_tools_reads_the_passages_first() -> None:
    prompt = with_passages("What colour is the sky?", shown(SKY))
    assert prompt.index("The sky is blue.") < prompt.index("Question: What colour is the sky?")
