"""What tells the units of the passages apart for a question."""

from __future__ import annotations

import pytest

from knowledge.answers.candidates import Candidate, candidates
from knowledge.answers.features import FEATURES, Pool, features, shortlist
from knowledge.answers.lexicon import Lexicon
from knowledge.answers.questions import analyse
from knowledge.types import Passage, Scores

LEXICON = Lexicon()
TEXT = """The Gold card is accepted everywhere. The Gold card has a metal body. The Gold card waives the annual fee.
The annual report of the bank mentions a fee of the Gold card. Is the Gold card free?"""


def passage(text: str, total: float = 1.0) -> Passage:
    scores = Scores(total, total, total, total, total)
    return Passage(1, 1, "desk", "", "a.md", text, 0, len(text), (), None, None, (), {}, scores)


def units(*texts: str) -> list[Candidate]:
    return candidates([passage(text) for text in texts], LEXICON)


def values(question: str, found: list[Candidate], at: int) -> dict[str, float]:
    pool = Pool.of(analyse(question, LEXICON), found)
    return dict(zip(FEATURES, features(pool, found[at], 0.5, LEXICON), strict=True))


def test_a_term_that_all_units_share_weighs_less_than_one_that_few_have() -> None:
    pool = Pool.of(analyse("Does the Gold card waive the annual fee?", LEXICON), units(TEXT))
    assert pool.rarities["waiv"] > pool.rarities["annual"] > pool.rarities["card"] > 0
    assert sum(pool.rarities.values()) == pytest.approx(1)
    assert pool.coverage(frozenset(pool.rarities)) == pytest.approx(1)


def test_bm25_prefers_the_unit_with_the_rare_term_and_of_two_the_shorter_one() -> None:
    found = units(
        "The fee is 90 dollars.", "The fee is 90 dollars for members of clubs in cities abroad.", "Cards shine."
    )
    pool = Pool.of(analyse("What is the fee?", LEXICON), found)
    short, long, without = (pool.bm25(LEXICON.content(unit.text)) for unit in found)
    assert short > long > without == 0


def test_neighbouring_terms_count_only_where_they_are_neighbours() -> None:
    found = units(TEXT)
    apart = values("annual fee", found, 3)["side_by_side"]
    assert (values("annual fee", found, 2)["side_by_side"], apart) == (1.0, 0.0)


def test_a_question_without_terms_or_units_has_a_pool_too() -> None:
    pool = Pool.of(analyse("?", LEXICON), [])
    assert (pool.coverage(frozenset()), pool.bm25(()), shortlist(pool, [], 5)) == (0.0, 0.0, [])
    found = units(TEXT)
    assert all(value == value for value in values("?", found, 0).values())


def test_a_label_and_its_value_are_no_scrap() -> None:
    card = (
        "# Gold card\n\n- Annual fee: $0.00\n- Foreign use\n- The annual fee of another card may be raised at any time."
    )
    found = units(card)
    short = shortlist(Pool.of(analyse("What is the annual fee of the Gold card?", LEXICON), found), found, 1)
    assert short[0].text == "Annual fee: $0.00"


def test_the_shortlist_leaves_out_questions_and_scraps() -> None:
    found = units(TEXT, "Gold card fee.")
    short = shortlist(Pool.of(analyse("Does the Gold card waive the annual fee?", LEXICON), found), found, 3)
    assert short[0].text == "The Gold card waives the annual fee."
    assert not {"Is the Gold card free?", "Gold card fee."} & {unit.text for unit in short}
