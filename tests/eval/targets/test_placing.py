"""Gold evidence is found in a bank's own documents, and what cannot be found is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from eval.cases import Case, Gold, Turn
from eval.evidence import meets_document
from eval.observation import Hit, same_document
from eval.runs.diagnosis import Stage, diagnose
from eval.targets.banks import BankTarget
from eval.targets.placing import NOT_IN_BANK, NOT_IN_TEXT, Placer
from knowledge.library import Library
from knowledge.types import ANYONE
from tests.eval.made_cases import case
from tests.two_banks import build


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    made = build(tmp_path_factory.mktemp("library"))
    yield made
    for name in made.names():
        made.bank(name).close()


def test_words_are_found_where_they_stand_whatever_the_offsets_say(library: Library) -> None:
    placer = Placer([library.bank("hr")])
    gold = Gold("hr/Annual leave.md", start=500, end=510, text="25 days\n of annual leave")
    placed = placer.place(case(gold))
    [found] = placed.gold
    assert placed.unplaced == ()
    assert (found.doc, found.start, found.end) == ("/docs/hr/Annual leave.md", 19, 42)


def test_what_is_not_there_is_named_for_the_reader_who_asks(library: Library) -> None:
    placer = Placer([library.bank("hr")])
    missing = placer.place(case(Gold("hr/None.md"), Gold("hr/Annual leave.md", text="30 days of leave")))
    secret = Gold("hr/Internal: Salary bands.md", text="Band seven")
    closed = placer.place(case(secret))
    opened = placer.place(Case("s", "?", (), answerable=True, gold=(secret,), meta={"reader": "staff"}))
    assert missing.unplaced == (NOT_IN_BANK, NOT_IN_TEXT)
    assert closed.unplaced == (NOT_IN_BANK,)
    assert opened.unplaced == ()


def test_a_citation_under_a_shorter_name_is_known_by_its_words_and_its_bank(library: Library) -> None:
    placer = Placer([library.bank("hr"), library.bank("shop")])
    assert placer.named(Hit("Annual leave.md"), ANYONE).doc == "/docs/hr/Annual leave.md"
    assert placer.named(Hit("Annual leave.md", bank="shop"), ANYONE).doc == "Annual leave.md"
    assert placer.named(Hit("Internal: Salary bands.md"), ANYONE).doc == "Internal: Salary bands.md"


def test_evidence_and_a_citation_meet_where_either_has_the_shorter_name() -> None:
    assert meets_document(Gold("hr/leave.md"), Hit("leave.md"))
    assert meets_document(Gold("leave.md"), Hit("/docs/hr/leave.md"))
    assert not meets_document(Gold("hr/leave.md"), Hit("shop/leave.md"))


def test_a_name_is_a_whole_part_of_a_path() -> None:
    assert same_document("hr/a b.md", "file:///x/hr/a%20b.md")
    assert same_document("a.md", "C:\\docs\\a.md")
    assert not same_document("a.md", "/docs/ba.md")


def test_banks_are_observed_with_passages_evidence_and_what_was_withheld(library: Library) -> None:
    target = BankTarget(library, ("hr", "shop"))
    asked = Case("a", "How many days of annual leave do employees have?", ("25 days",), answerable=True,
                 gold=(Gold("hr/Annual leave.md", text="25 days"),), bank="hr")  # fmt: skip
    seen = target.observe(asked)
    assert seen.banks[0] == "hr"
    assert seen.hits
    assert seen.hits[0].doc == "/docs/hr/Annual leave.md"
    assert "25 days" in seen.text
    assert "25" in seen.phrase
    assert diagnose(asked, seen, 1.0) is None
    hopeless = target.observe(case(answerable=False))
    assert hopeless.abstained
    assert hopeless.withheld


def test_retrieval_alone_answers_nothing(library: Library) -> None:
    seen = BankTarget(library, ("hr",), answering=False).observe(case(Gold("hr/Annual leave.md")))
    assert (seen.text, seen.sentences, seen.confidence) == ("", (), None)
    assert seen.hits


def test_a_case_fails_where_the_evidence_is_lost_first(library: Library) -> None:
    target = BankTarget(library, ("hr",))
    asked = case(Gold("hr/Annual leave.md", text="words that nobody wrote"))
    found = diagnose(asked, target.observe(asked), 0.0)
    assert found is not None
    assert found.stage is Stage.PARSING


def test_a_follow_up_is_asked_with_the_turns_before_it(library: Library) -> None:
    turns = (Turn("user", "How many days of annual leave do I have?"), Turn("assistant", "25."))
    gold = (Gold("hr/Annual leave.md"),)
    alone = Case("f", "And how many of them may be carried over?", ("5",), answerable=True, gold=gold)
    seen = BankTarget(library, ("hr", "shop")).observe(replace(alone, history=turns))
    assert "31 March" in seen.text
    assert seen.hits is not None
    assert seen.hits[0].doc == "/docs/hr/Annual leave.md"
