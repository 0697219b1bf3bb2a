"""Questions of any length are read."""

from __future__ import annotations

from time import process_time

from knowledge.answers.lexicon import Lexicon
from knowledge.answers.questions import exact_words


def test_names_codes_and_numbers_are_read_in_linear_time() -> None:
    long = "What does Anna Berg of Example Ltd pay for 20 X-12 units? " * 10_000
    started = process_time()
    found = exact_words(long, Lexicon())
    assert process_time() - started < 5
    assert len(found) == len(exact_words(long[: len(long) // 10], Lexicon())) * 10
    assert [stem for stem, _, _ in found[:4]] == ["anna", "berg", "exampl", "ltd"]
