"""Where a text ends for a client, whole and while it still comes."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from serve.openai.cutting import Cutting


class Words:
    """Counts words as tokens."""

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [found.span() for found in re.finditer(r"\S+", text)]

    def count(self, text: str) -> int:
        return len(self.offsets(text))


def test_it_ends_before_the_first_word_that_it_stops_at() -> None:
    cutting = Cutting(("End", "\n\n"))
    assert cutting.cut("One. End. More.\n\nLast.") == ("One. ", "stop")
    assert cutting.cut("One.\n\nThe End.") == ("One.", "stop")
    assert cutting.cut("One.") == ("One.", "stop")


def test_it_ends_after_so_many_tokens() -> None:
    cutting = Cutting(most=2, counter=Words())
    assert cutting.cut("one two three") == ("one two", "length")
    assert cutting.cut("one two") == ("one two", "stop")
    assert Cutting(("two",), 1, Words()).cut("one two three") == ("one ", "stop")


def test_what_may_be_the_beginning_of_a_stop_is_held_back() -> None:
    cutting = Cutting(("STOP",))
    assert [cutting.certain(text) for text in ("a", "a S", "a ST", "a STO", "a STOP b", "a STx")] == [
        "a",
        "a ",
        "a ",
        "a ",
        "a ",
        "a STx",
    ]


@settings(max_examples=400)
@example("a a ", ["a a "], 1)
@given(st.text("abc ", max_size=40), st.lists(st.text("abc ", min_size=1, max_size=4), max_size=4), st.integers(1, 9))
def test_what_was_shown_is_never_taken_back(text: str, stops: list[str], most: int) -> None:
    for cutting in (Cutting(stops), Cutting(stops, most, Words())):
        whole, _ = cutting.cut(text)
        shown = ""
        for end in range(len(text) + 1):
            now = cutting.certain(text[:end])
            assert now.startswith(shown)
            assert whole.startswith(now)
            shown = now
