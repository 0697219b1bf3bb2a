"""Cases made from banks: every quotation stands where it is said to stand, and no question gives itself away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from eval.cases import load_cases
from eval.making.feedback import cases_from_feedback
from eval.making.from_bank import make_cases
from eval.making.from_model import make_cases_with_model
from eval.making.rules import GAP, drafts
from eval.making.writing import write_cases
from knowledge.answers.lexicon import Lexicon
from knowledge.errors import ConfigError, ModelError
from knowledge.library import Library
from knowledge.types import Document
from tests.conftest import Refdesk
from tests.two_banks import build

TEXT = """# Exporters

An exporter is a program that makes the metrics of another system readable for the server.

## Ports of exporters

Every exporter listens on a port of its own, and the node exporter takes port 9100 by default.

It is the one thing to remember.
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    made = build(tmp_path_factory.mktemp("library"))
    yield made
    for name in made.names():
        made.bank(name).close()


def document(text: str = TEXT) -> Document:
    return Document(1, "b", "Monitoring guide", text, "/docs/guide.md", "text/markdown", (), {})


def test_definitions_headings_titles_and_gaps_become_questions() -> None:
    found = {draft.kind: draft for draft in drafts(document(), Lexicon())}
    assert found["definition"].question == "What is an exporter?"
    assert found["heading"].question == "What about Ports of exporters (Monitoring guide)?"
    assert found["title"].question == "What is said about Monitoring guide?"
    assert found["cloze"].answer == "9100"
    assert GAP in found["cloze"].question


def test_every_quotation_stands_where_it_is_said_to_stand_and_no_gap_is_filled_in_its_question() -> None:
    for draft in drafts(document(), Lexicon()):
        for place in draft.places:
            assert TEXT[place.start : place.end] == place.text
        if draft.kind == "cloze":
            assert draft.answer.casefold() not in draft.question.casefold()
        assert not draft.question.startswith("What is It")


@pytest.mark.parametrize(
    "text", ["", "\n\n", "a", "# Only a heading", "| a | b |\n|---|---|\n| 1 | 2 |", "1234 " * 500]
)
def test_odd_documents_make_no_trouble(text: str) -> None:
    assert all(draft.places for draft in drafts(document(text), Lexicon()))


def test_cases_of_a_bank_are_read_back_and_their_evidence_is_in_it(library: Library, tmp_path: Path) -> None:
    bank = library.bank("hr")
    made = make_cases(bank, most=20, seed=1, others=[library.bank("shop")])
    write_cases(made.cases, tmp_path / "made.jsonl")
    assert load_cases(tmp_path / "made.jsonl") == made.cases
    answerable = [case for case in made.cases if case.answerable]
    assert answerable
    texts = {summary.uri: bank.document(summary.id).text for summary in bank.documents()}
    for case in answerable:
        for gold in case.gold:
            assert texts[gold.doc][gold.start : gold.end] == gold.text
    assert not any("Salary" in gold.doc for case in made.cases for gold in case.gold)


def test_the_same_seed_makes_the_same_cases(library: Library) -> None:
    one, two = (make_cases(library.bank("hr"), most=5, seed=3) for _ in range(2))
    assert one.cases == two.cases


def test_what_a_model_writes_is_kept_only_when_the_passage_answers_it(library: Library) -> None:
    replies = {
        "Annual leave": '{"question": "How long is annual leave?", "answer": "25 days", "quote": "25 days of annual"}',
        "Remote work": '{"question": "How often from home?", "answer": "daily", "quote": "every day from home"}',
    }

    def ask(prompt: str) -> str:
        if "Reply with JSON" in prompt:
            return next((reply for title, reply in replies.items() if f"Title: {title}" in prompt), "no idea")
        return "It is 25 days."

    made = make_cases_with_model(library.bank("hr"), ask, most=5, seed=0)
    assert made.cases == ()  # the passages are too short to ask about
    long = make_cases_with_model(Padded(library), ask, most=5, seed=0)  # type: ignore[arg-type]  # what is used of a bank
    [case] = long.cases
    assert (case.question, case.answers, case.gold[0].text) == (
        "How long is annual leave?",
        ("25 days",),
        "25 days of annual",
    )
    assert long.rejected == {"quotes what the passage does not say": 1}


def test_thoughts_of_a_model_are_no_part_of_what_it_writes(library: Library) -> None:
    thoughts = "<think>Is it {odd}? UNANSWERABLE? Or remote?</think>"
    written = '{"question": "How long is annual leave?", "answer": "25 days", "quote": "25 days of annual"}'

    def ask(prompt: str) -> str:
        return f"{thoughts}{written if 'Reply with JSON' in prompt else '25 days'}"

    made = make_cases_with_model(Padded(library), ask, most=1, seed=0)  # type: ignore[arg-type]  # as above
    assert [case.answers for case in made.cases] == [("25 days",)]


@pytest.mark.parametrize("error", [ModelError("No model server can be reached."), KeyboardInterrupt()])
def test_cases_that_were_made_before_a_model_failed_are_kept(library: Library, error: BaseException) -> None:
    titles: list[str] = []

    def ask(prompt: str) -> str:
        if "Reply with JSON" not in prompt:
            return "25 days"
        titles.append(prompt)
        if len(titles) > 1:
            raise error
        quote = prompt.split("Passage:\n")[1].split("\n\n")[-1][:30].strip()
        return json.dumps({"question": "How long is it?", "answer": "25 days", "quote": quote})

    made = make_cases_with_model(Padded(library), ask, most=5, seed=0)  # type: ignore[arg-type]  # as above
    assert (len(made.cases), made.ended) == (1, str(error) or "Interrupted.")
    with pytest.raises(type(error)):
        make_cases_with_model(Padded(library), ask, most=5, seed=0)  # type: ignore[arg-type]  # as above


class Padded:
    """The bank `hr` with longer documents."""

    name = "hr"

    def __init__(self, library: Library) -> None:
        self._bank = library.bank("hr")

    def documents(self, *, reader: object) -> object:
        return self._bank.documents()

    def document(self, document_id: int, *, reader: object) -> Document:
        found = self._bank.document(document_id)
        return replace(found, text=found.text + "It goes on for a while without saying more. " * 8)


def test_feedback_becomes_cases_and_the_last_word_counts(tmp_path: Path) -> None:
    rows = [
        {"question": "How long?", "verdict": "right", "answer": "8 days", "bank": "hr"},
        {"question": "How long?", "verdict": "wrong", "answer": "8 days", "correction": "9 days", "bank": "hr",
         "evidence": [{"doc": "a.md", "quote": "nine days", "page": 2}]},
        {"question": "And abroad?", "verdict": "unanswerable", "history": [{"role": "user", "text": "How long?"}]},
        {"question": "Why?", "verdict": "wrong", "answer": "Because.", "reason": "That is none."},
        {"question": "Who may stay?", "verdict": "right", "answer": "Guests.", "bank": "travel"},
    ]  # fmt: skip
    path = tmp_path / "feedback.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    made = cases_from_feedback(path, "hr")
    right, hopeless = made.cases
    assert (right.answers, right.gold[0].doc, right.gold[0].page, right.bank) == (("9 days",), "a.md", 2, "hr")
    assert (hopeless.answerable, hopeless.history[0].text) == (False, "How long?")
    assert made.rejected == {"wrong, without what would be right": 1, "about another bank": 1}


def test_feedback_that_makes_no_case_says_why(refdesk: Refdesk, handbook: Path, tmp_path: Path) -> None:
    path = tmp_path / "feedback.jsonl"
    path.write_text('{"question": "Why?", "verdict": "wrong", "answer": "Because."}\n', "utf-8")
    arguments = [
        "--root",
        str(handbook),
        "eval",
        "make",
        "hr",
        "--out",
        str(tmp_path / "c.jsonl"),
        "--feedback",
        str(path),
    ]
    done = refdesk(arguments)
    assert (done.code, done.err) == (
        2,
        "Error: This feedback makes no case of 'hr' (thrown away: 1 wrong, without what would be right):"
        " an answer that was wrong needs what would be right in `correction`.\n",
    )
    assert "give one of them" in refdesk([*arguments, "--model", "m"]).err


def test_a_wrong_line_of_feedback_is_named(tmp_path: Path) -> None:
    path = tmp_path / "feedback.jsonl"
    path.write_text('\n{"question": "How?", "verdict": "good"}\n', "utf-8")
    with pytest.raises(ConfigError, match=r"feedback.jsonl, line 2, field `verdict`"):
        cases_from_feedback(path, "hr")


def test_the_command_makes_cases_that_the_next_command_runs(refdesk: Refdesk, handbook: Path, tmp_path: Path) -> None:
    out = tmp_path / "made.jsonl"
    made = refdesk(["--root", str(handbook), "eval", "make", "hr", "--out", str(out), "--most", "10"])
    assert made.code == 0, made.err
    assert made.out.startswith("Wrote ")
    done = refdesk(["--root", str(handbook), "eval", "run", str(out), "--bank", "hr", "--metric", "recall@5"])
    assert done.code == 0
    assert "recall@5" in done.out
