"""What stands in a passage word for word is found there, and no half of a sentence is taken for all of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.answers.verbatim import verbatim
from knowledge.types import Passage, Scores

TEXT = """\
Call 555-1234. It is not true that goods may be returned without a receipt. Opened
goods cost "12 dollars more."

- Report sick before nine
- A doctor's note is due on the third day

| Item | Limit |
|---|---|
| Hotel, a night | 140 euros |

It is wrong to say that
Germany pays the travel allowance. 商品は三十日以内に返品できます。送料は無料です。"""


def passage(text: str = TEXT, *, start: int = 100) -> Passage:
    scores = Scores(0.0, 0.0, 0.0, 0.0, 0.0)
    return Passage(1, 1, "b", "t", "u", text, start, start + len(text), (), None, None, (), {}, scores)


@pytest.mark.parametrize(
    "words",
    [
        "Call 555-1234.",
        "Call 555-1234",
        "It is not true that goods may be returned without a receipt.",
        'Opened goods cost "12 dollars more."',
        "Report sick before nine",
        "Report sick before nine.",
        "A doctor's note is due on the third day",
        "Hotel, a night",
        "140 euros",
        "商品は三十日以内に返品できます。",
    ],
)
def test_a_whole_sentence_item_or_cell_is_found(words: str) -> None:
    [citation] = verbatim(words, [passage("Something else."), passage()])
    assert TEXT[citation.start - 100 : citation.end - 100] == citation.quote
    assert citation.quote.split()[0] == words.split()[0]


@pytest.mark.parametrize(
    "words",
    [
        "goods may be returned without a receipt.",
        "Germany pays the travel allowance.",
        "It is not true that goods may be returned",
        "A doctor's note is due",
        "Report sick",
        "It is wrong to say that",
        "",
        "night",
        "call 555-1234.",
    ],
)
def test_a_part_of_one_is_not(words: str) -> None:
    assert verbatim(words, [passage()]) == ()


@given(st.text(max_size=200), st.text(max_size=40))
def test_whatever_is_found_is_there(text: str, words: str) -> None:
    for citation in verbatim(words, [passage(text)]):
        assert text[citation.start - 100 : citation.end - 100] == citation.quote
        assert " ".join(words.split()).rstrip(".!?…。！？ ") in " ".join(citation.quote.split())
