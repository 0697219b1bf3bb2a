"""Which words of a quoted sentence are marked as the answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.answers.answering import answer, extract
from knowledge.answers.lexicon import Lexicon
from knowledge.answers.phrase_features import GROUPS, OTHER, phrase_features, phrases_of
from knowledge.answers.phrase_spans import MOST_WORDS, Spans, Traits
from knowledge.answers.phrases import WEIGHTS, _describes, _may_answer, likeliest
from knowledge.answers.questions import Expects, analyse
from knowledge.card import EmbedderSpec
from knowledge.embedding.embedder import Embedder
from knowledge.embedding.registry import open_embedder
from knowledge.testing import HashingEmbedder
from knowledge.types import Passage, Scores
from tests.knowledge.answers.untold import Untold
from tests.made_passages import passage as made

LEXICON = Lexicon()
DELIVERY = """# Delivery

Orders are shipped from our warehouse in Rotterdam. Parcels arrive within 3 days. The warehouse was opened in 1998 by
Maria Jansen. Express delivery costs €12 and is free of charge for members.
"""


@pytest.fixture(scope="module")
def minilm() -> Embedder:
    return open_embedder(EmbedderSpec())


def passage(text: str) -> Passage:
    return made(text, title="Delivery", headings=("Delivery",), scores=Scores(0.6, 0.6, 3.0, 0.6, 0.6))


def traits_of(text: str, question: str, embedder: Embedder) -> Traits:
    return Traits.of(text, analyse(question, LEXICON), embedder.read([text])[0], 0, LEXICON)


def phrases(text: str, question: str) -> set[str]:
    traits = traits_of(text, question, HashingEmbedder())
    spans = phrases_of(analyse(question, LEXICON), traits)
    words = traits.words
    return {text[words[i].start : words[j].end] for i, j in zip(spans.first, spans.last, strict=True)}


@pytest.mark.parametrize(
    ("question", "phrase"),
    [
        ("When was the warehouse opened?", "1998"),
        ("Who opened the warehouse?", "Maria Jansen"),
        ("Where are orders shipped from?", "Rotterdam"),
        ("How much does express delivery cost?", "€12"),
        ("Within how many days do parcels arrive?", "3"),
    ],
)
def test_the_words_that_answer_are_marked_in_the_sentence(question: str, phrase: str, minilm: Embedder) -> None:
    found = answer(question, [passage(DELIVERY)], minilm)
    marked = [sentence for sentence in found.sentences if sentence.phrase]
    assert [sentence.rank for sentence in marked] == [1]
    assert phrase in found.phrase
    assert len(found.phrase.split()) <= 3
    assert "".join(marked[0].parts) == marked[0].text


@pytest.mark.parametrize(
    "question",
    ["Is express delivery free for members?", "Express delivery", "Wie viel kostet der Expressversand?"],
)
def test_nothing_is_marked_where_no_phrase_answers(question: str, minilm: Embedder) -> None:
    assert not any(sentence.phrase for sentence in extract(question, [passage(DELIVERY)], minilm).sentences)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Who owns the firm that opened the warehouse?", "The warehouse was opened by the firm of Maria Jansen."),
        ("In what year did Maria Jansen open the warehouse?", "Maria Jansen opened the warehouse on 31 July."),
        ("Which Express has the warehouse?", "The warehouse has the Express."),
    ],
)
def test_what_is_described_or_said_by_the_question_is_not_marked(question: str, text: str, minilm: Embedder) -> None:
    found = extract(question, [passage(text)], minilm)
    assert [sentence.phrase for sentence in found.sentences] == [None]


def test_what_is_asked_for_may_be_described(minilm: Embedder) -> None:
    question = "What is the city in which the warehouse stands?"
    found = extract(question, [passage("The warehouse stands in Rotterdam.")], minilm)
    assert found.sentences[0].parts[1] == "Rotterdam"


def test_a_question_of_any_length_is_read_once() -> None:
    # Read anew for every word that asks, this would take longer than a test may.
    assert not _describes("what " * 60_000)
    assert _describes("what " * 60_000 + "is it that")


def test_one_of_two_that_a_question_offers_may_be_marked() -> None:
    asked = analyse("Were parcels shipped from Rotterdam or Antwerp, and in which year?", LEXICON)
    assert _may_answer(asked, "Rotterdam in 1998", LEXICON)
    assert not _may_answer(asked, "Rotterdam", LEXICON)
    assert not _may_answer(analyse("What is the warehouse of Rotterdam?", LEXICON), "Rotterdam's warehouse", LEXICON)


def test_a_model_that_tells_no_tokens_has_nothing_marked() -> None:
    found = extract("When was the warehouse opened?", [passage(DELIVERY)], Untold())
    assert found.sentences
    assert not any(sentence.phrase for sentence in found.sentences)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What happens to unused leave?", "Unused leave is not carried over."),
        ("Who may enter the lab?", "The lab may not be entered by Students."),
        ("What is the ticket?", "The ticket is not refundable."),
    ],
)
def test_what_is_denied_is_not_marked(question: str, text: str, minilm: Embedder) -> None:
    found = extract(question, [passage(text)], minilm)
    assert [sentence.phrase for sentence in found.sentences] == [None]


def test_a_sign_belongs_to_its_number(minilm: Embedder) -> None:
    found = extract("What is the temperature of the freezer?", [passage("The freezer is kept at −18 °C.")], minilm)
    assert "−18" in found.sentences[0].parts[1]


def test_what_is_written_together_is_marked_whole_or_not() -> None:
    text = "Write to hr@acme.com, see https://acme.com/Home/Leave or set MAX_TOKENS to 2–3 in Garci\u0301a’s zip-file."
    found = phrases(text, "What is it?")
    assert {"hr@acme.com", "MAX_TOKENS", "2–3", "zip-file"} <= found
    assert not found & {"acme.com", "hr", "MAX", "TOKENS", "2", "3", "Garci", "file", "zip", "https"}


def test_a_text_of_more_words_than_a_sentence_has_costs_nothing(minilm: Embedder) -> None:
    text = "the tower was opened in 1998 and " * 400
    found = extract("When was the tower opened?", [passage(text)], minilm)
    assert [sentence.phrase for sentence in found.sentences] == [None]


def test_phrases_begin_and_end_with_content_and_stay_within_a_clause() -> None:
    found = phrases("The tower (finished in 1889) stands in Paris; it is tall.", "What is the tower like?")
    assert {"tower", "finished in 1889", "Paris", "tall"} <= found
    assert not any(phrase.startswith(("The", "in", "it")) or "(" in phrase or ";" in phrase for phrase in found)


def test_what_is_asked_for_bounds_what_may_be_marked() -> None:
    text = "Flight HP762 carried 5 people, and the pilot was John Smith."
    assert phrases(text, "How many people were aboard?") >= {"5", "5 people"}
    assert not any("5" not in phrase and "people" not in phrase for phrase in phrases(text, "How many were aboard?"))
    assert "John Smith" in phrases(text, "Who was the pilot?")
    assert "pilot" not in phrases(text, "Who was the pilot?")


def test_every_feature_of_every_kind_of_question_has_a_weight() -> None:
    embedder = HashingEmbedder()
    for kind in Expects:
        asked = replace(analyse("What is it?", LEXICON), expects=kind)
        traits = traits_of("It took 5 years.", "What is it?", embedder)
        values = phrase_features(asked, embedder.read(["What is it?"])[0], traits, Spans.of(traits), LEXICON)
        assert set(values) <= set(WEIGHTS)
        assert any(name.startswith(GROUPS.get(kind, OTHER)) for name in values)


def test_words_shared_by_likely_phrases_win_over_the_single_likeliest() -> None:
    # One word of the first span, all of which the two after it share, against one span elsewhere.
    spans = Spans(np.array([0, 0, 0, 4]), np.array([0, 1, 1, 4]), 5)
    best, expected = likeliest(np.log(np.array([0.2, 0.2, 0.2, 0.4])), spans)
    assert best == 1
    assert expected == pytest.approx(0.2 * 2 / 3 + 0.4)


WORDS = st.sampled_from(
    ["The", "fee", "$", "5", "%", "of", "Anna", "Bell", "(", ")", "1998", "--force", "C++", "é", ";"]
)


@settings(max_examples=80, deadline=None)
@given(
    question=st.sampled_from(["What is the fee?", "Who is Anna?", "When was it?", "How much is it?", "Where is it?"]),
    text=st.lists(WORDS, min_size=1, max_size=14).map(" ".join),
)
def test_a_marked_phrase_lies_in_its_sentence_between_spaces_or_signs(question: str, text: str) -> None:
    for sentence in extract(question, [passage(text)], HashingEmbedder()).sentences:
        if sentence.phrase:
            start, end = sentence.phrase
            assert 0 <= start < end <= len(sentence.text)
            assert not sentence.text[start].isspace()
            assert not sentence.text[end - 1].isspace()
            assert not sentence.text[start - 1 : start].isalnum()
            assert not sentence.text[end : end + 1].isalnum()
            assert len(LEXICON.words(sentence.parts[1])) <= MOST_WORDS
            assert "".join(sentence.parts) == sentence.text
