"""Words as the answer path compares them."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from knowledge.answers.lexicon import Lexicon

TEXTS = st.lists(
    st.one_of(
        st.text(max_size=12),
        st.sampled_from(["Apple's", "don't", "3.50", "1,200", "x2y", "the", "Zürich’s", "東京都庁"]),
    ),
    max_size=12,
).map(" ".join)


@given(TEXTS)
@example("Apple's 10-Q says 1,200.50, isn't it? Straße 東京都庁 3.5a")
def test_the_stems_of_a_text_are_those_of_its_words_that_carry_content(text: str) -> None:
    lexicon = Lexicon()
    wanted = {word.stem for word in lexicon.words(text) if not word.is_stop}
    assert lexicon.stems(text) == wanted
    assert set(lexicon.content(text)) == wanted


def test_adverbs_of_time_are_no_terms_of_a_question() -> None:
    question = "How long can I still use the rewards if I have already closed the card and not paid yet?"
    assert Lexicon().terms(question) == ("reward", "close", "card", "paid")
