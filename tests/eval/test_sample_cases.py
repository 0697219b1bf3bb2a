"""The questions about the sample documents: every quotation stands where it is said to stand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import docx
import pytest
from docx.oxml.ns import qn
from docx.table import Table

from eval import Case, Gold
from eval.sets.case_set import read_sets
from knowledge.card import AccessRule
from knowledge.settings import load_config

DATA = Path(__file__).parents[2] / "data"
CASES = read_sets(sorted((DATA / "eval").glob("*.jsonl")))
LICENCES = {
    "prometheus-docs-Apache-2.0.txt": "Apache License",
    "prometheus-docs-NOTICE.txt": "The Prometheus Authors",
    "rust-book-MIT.txt": "Permission is hereby granted",
    "tau2-bench-MIT.txt": "Permission is hereby granted",
}

# In a process of its own: PDFium keeps state for as long as a process lives, and reports leaks when it ends.
READ_PAGES = """
import json, sys
import pypdfium2
pages = {}
for name in sys.argv[1:]:
    with pypdfium2.PdfDocument(name) as document:
        pages[name] = []
        for page in document:
            text = page.get_textpage()
            pages[name].append(text.get_text_bounded())
            text.close()
            page.close()
print(json.dumps(pages))
"""


def squeezed(text: str) -> str:
    return " ".join(text.split())


def entries(suffix: str) -> list[Gold]:
    return [entry for case in CASES for entry in case.gold if entry.doc.endswith(suffix)]


@cache
def markdown(doc: str) -> str:
    return (DATA / doc).read_bytes().decode("utf-8")


@cache
def pages() -> dict[str, list[str]]:
    names = sorted({str(DATA / entry.doc) for entry in entries(".pdf")})
    done = subprocess.run([sys.executable, "-c", READ_PAGES, *names], capture_output=True, check=True, timeout=120)
    return {name: [squeezed(page) for page in texts] for name, texts in json.loads(done.stdout).items()}


@cache
def word_blocks(doc: str) -> str:
    """The paragraphs and table cells, as python-docx gives them: without insertions that are under revision."""
    texts: list[str] = []
    for block in docx.Document(str(DATA / doc)).iter_inner_content():
        if isinstance(block, Table):
            texts.extend(cell.text for row in block.rows for cell in row.cells)
        else:
            texts.append(block.text)
    return squeezed("\n".join(texts))


@cache
def word_as_shown(doc: str) -> str:
    """All text that the file shows, insertions under revision included."""
    body = docx.Document(str(DATA / doc)).element.body
    tags = {qn("w:p"): "\n", qn("w:br"): "\n", qn("w:tab"): "\t"}
    return squeezed("".join(tags.get(item.tag) or item.text or "" for item in body.iter(*tags, qn("w:t"))))


@cache
def staff_only(doc: str) -> bool:
    """Whether data/refdesk.yaml reserves a document for staff."""
    bank = load_config(DATA / "refdesk.yaml")["banks"][doc.split("/")[0]]
    rules = [AccessRule(frozenset(rule["allow"]), title=rule["title"]) for rule in bank.get("access", [])]
    title = markdown(doc).splitlines()[0].removeprefix("# ") if doc.endswith(".md") else ""
    allow = next((rule.allow for rule in rules if rule.matches(title, doc)), frozenset({"public"}))
    return allow == frozenset({"staff"})


def kinds() -> Counter[str]:
    return Counter(case.meta["kind"] for case in CASES)


def test_there_are_enough_questions_of_every_kind() -> None:
    assert len(CASES) >= 100
    assert min(Counter(case.bank for case in CASES).values()) >= 25
    assert sum(not case.answerable for case in CASES) >= len(CASES) / 5
    assert kinds()["two-documents"] >= 10
    assert kinds()["staff"] >= 10
    assert kinds()["table"] >= 10
    assert kinds()["code"] >= 5
    assert kinds()["follow-up"] >= 1


def test_no_question_is_asked_twice() -> None:
    assert len({(case.question.casefold(), case.history) for case in CASES}) == len(CASES)


def test_what_a_question_says_of_itself_agrees() -> None:
    for case in CASES:
        kind = case.meta["kind"]
        assert case.answerable == bool(case.gold) == bool(case.answers) == (kind != "unanswerable"), case.id
        assert (case.meta.get("reader") == "staff") == (kind == "staff"), case.id
        assert bool(case.history) == (kind == "follow-up"), case.id


def test_every_quotation_lies_in_the_bank_of_its_question() -> None:
    assert [case.id for case in CASES for entry in case.gold if entry.doc.split("/")[0] != case.bank] == []


@pytest.mark.parametrize("case", [case for case in CASES if case.meta["kind"] == "two-documents"], ids=lambda c: c.id)
def test_a_question_for_two_documents_is_not_met_by_one(case: Case) -> None:
    documents = [{entry.doc for entry in group} for group in case.groups]
    assert len(documents) >= 2
    assert not set.intersection(*documents)


def test_markdown_quotations_are_slices_of_their_file() -> None:
    assert entries(".md")
    for entry in entries(".md"):
        assert markdown(entry.doc)[entry.start : entry.end] == entry.text, entry
        assert entry.start is not None
        assert entry.page is None


def test_pdf_quotations_stand_on_their_page() -> None:
    assert entries(".pdf")
    for entry in entries(".pdf"):
        assert entry.page is not None, entry
        assert squeezed(entry.text) in pages()[str(DATA / entry.doc)][entry.page - 1], entry


def test_word_quotations_stand_in_their_document_with_and_without_insertions_under_revision() -> None:
    assert entries(".docx")
    for entry in entries(".docx"):
        assert squeezed(entry.text) in word_blocks(entry.doc), entry
        assert squeezed(entry.text) in word_as_shown(entry.doc), entry


def test_every_quotation_has_a_format_that_is_checked() -> None:
    assert len(entries(".md")) + len(entries(".pdf")) + len(entries(".docx")) == sum(len(case.gold) for case in CASES)


def test_staff_questions_can_only_be_answered_from_internal_articles() -> None:
    for case in CASES:
        if case.reader.roles:
            assert all(staff_only(entry.doc) for entry in case.gold), case.id


def test_everyone_else_can_read_something_for_each_piece_of_evidence() -> None:
    for case in CASES:
        if not case.reader.roles:
            assert all(any(not staff_only(entry.doc) for entry in group) for group in case.groups), case.id


def test_the_configured_banks_are_the_folders() -> None:
    banks = load_config(DATA / "refdesk.yaml")["banks"]
    folders = {path.name for path in DATA.iterdir() if path.is_dir() and path.name not in ("LICENSES", "banks", "eval")}
    assert set(banks) == folders == {case.bank for case in CASES}
    assert {path.stem for path in (DATA / "eval").iterdir()} == folders
    assert all(banks[name]["sources"] == [name] for name in banks)
    assert all(banks[name]["title"] and banks[name]["description"] for name in banks)


def test_internal_articles_of_either_title_form_are_for_staff() -> None:
    internal = [path for path in (DATA / "banking").glob("*.md") if staff_only(f"banking/{path.name}")]
    assert len(internal) == 21
    assert {markdown(f"banking/{path.name}").startswith("# Internal: ") for path in internal} == {True, False}


def test_every_licence_is_there_and_named_in_the_readme() -> None:
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    for name, words in LICENCES.items():
        assert words in (DATA / "LICENSES" / name).read_text(encoding="utf-8")
        assert f"LICENSES/{name}" in readme
    assert {path.name for path in (DATA / "LICENSES").iterdir()} == set(LICENCES)
