"""How near the words of a question come to those of a unit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.answers.alignment import Alignment
from knowledge.answers.answering import extract
from knowledge.answers.lexicon import Lexicon
from knowledge.answers.questions import analyse
from knowledge.answers.ranking import WEIGHTS, WITHOUT_TOKENS, rank
from knowledge.embedding.minilm import MiniLM
from knowledge.testing import HashingEmbedder
from knowledge.types import Passage, Scores
from tests.knowledge.answers.untold import Untold

LEXICON = Lexicon()
PLAIN = HashingEmbedder()
TEXTS = (
    "The kettle is repaired free of charge within two years.",
    "Our offices are closed on public holidays.",
    "Kettles come in red, blue and green.",
)


def aligned(question: str, unit: str, rarities: dict[str, float]) -> float:
    asked, told = PLAIN.read([question, unit])
    align = Alignment.of(question, asked, rarities, LEXICON)
    assert align is not None
    return align(told)


def passages(*texts: str) -> list[Passage]:
    scores = Scores(1.0, 1.0, 1.0, 1.0, 1.0)
    return [
        Passage(n, n, "desk", "", f"{n}.md", text, 0, len(text), (), None, None, (), {}, scores)
        for n, text in enumerate(texts)
    ]


def test_words_weigh_as_rare_as_they_are() -> None:
    rarities = {"kettl": 0.9, "color": 0.1}
    kettle, colour = (aligned("kettle color", unit, rarities) for unit in ("the kettle", "the color"))
    assert kettle == pytest.approx(0.9 + 0.1 * aligned("color", "the kettle", {"color": 1.0}), abs=1e-2)
    assert kettle > colour


def test_words_without_a_rarity_weigh_nothing_unless_none_has_one() -> None:
    assert aligned("is the kettle", "kettle", {"kettl": 1.0}) == pytest.approx(1.0, abs=1e-3)
    assert aligned("is the kettle", "kettle", {}) < 0.9


@given(st.text(max_size=60), st.text(min_size=1, max_size=60))
def test_it_is_a_mean_of_cosines_whatever_is_asked_and_said(question: str, unit: str) -> None:
    asked, told = PLAIN.read([question, unit])
    align = Alignment.of(question, asked, dict.fromkeys(LEXICON.terms(question), 0.5), LEXICON)
    assert (align is None) == (not asked.spans)
    if align is not None:
        assert -1.01 <= align(told) <= 1.01
        assert not told.spans or np.isclose(align.weights.sum(), 1.0)


def test_the_model_sees_other_words_for_the_same(tmp_path_factory: pytest.TempPathFactory) -> None:
    model = MiniLM(tmp_path_factory.mktemp("cache"))
    question = "Does mending my kettle cost money?"
    asked, *read = model.read([question, *TEXTS])
    align = Alignment.of(question, asked, dict.fromkeys(LEXICON.terms(question), 0.25), LEXICON)
    assert align is not None
    scores = [align(one) for one in read]
    assert scores[0] > max(scores[1:])


def test_a_model_that_tells_no_tokens_is_ranked_by_the_other_weights() -> None:
    asked = analyse("What color are kettles?", LEXICON)
    (with_tokens, *_), (without, *_) = (
        rank(asked, passages(*TEXTS), embedder, LEXICON) for embedder in (PLAIN, Untold())
    )
    assert (len(with_tokens.values), len(without.values)) == (len(WEIGHTS), len(WITHOUT_TOKENS))
    assert with_tokens.alignment == with_tokens.values[-1]
    assert without.alignment is None
    assert with_tokens.candidate.text == without.candidate.text == TEXTS[2]
    for embedder in (PLAIN, Untold()):
        found = extract("What color are kettles?", passages(*TEXTS), embedder)
        assert 0.0 < found.confidence < 1.0


UNRELATED = ("The office is closed on public holidays.", "The cats sleep in the sun all day.")
FOREIGN = (
    "如何重置我的密码？",
    "Какова годовая плата за карту?",
    "ค่าธรรมเนียมรายปีของบัตรเท่าไหร่",
    "ما هي الرسوم السنوية للبطاقة؟",
    "カードの年会費はいくらですか？",
)


@pytest.fixture(scope="module")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> MiniLM:
    return MiniLM(tmp_path_factory.mktemp("cache"))


@pytest.mark.parametrize("question", FOREIGN)
def test_a_script_of_which_the_model_knows_the_letters_only_is_not_aligned(question: str, minilm: MiniLM) -> None:
    (reading,) = minilm.read([question])
    assert reading.spans == ()
    assert reading.vector @ minilm.embed([question])[0] > 0.99


@pytest.mark.parametrize(
    "question",
    [
        "What is the annual fee?",
        "Wie hoch ist die Jahresgebühr?",
        "Jaka jest roczna opłata za kartę?",
        "2 + 2 = 4",
        "?",
    ],
)
def test_what_the_model_has_tokens_for_is_aligned(question: str, minilm: MiniLM) -> None:
    (reading,) = minilm.read([question])
    assert len(reading.spans) == len(reading.tokens) > 0


@pytest.mark.parametrize("question", FOREIGN[:2])
def test_a_question_in_another_script_is_not_answered_from_what_has_nothing_to_do_with_it(
    question: str, minilm: MiniLM
) -> None:
    vector = minilm.embed_query(question)
    found = [
        replace(p, scores=Scores(c, c, c, c, c))
        for p in passages(*UNRELATED)
        for c in [float(vector @ minilm.embed([p.text])[0])]
    ]
    assert extract(question, found, minilm).abstains
