"""Access rules hold however they are written and whatever else a run comes to."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ingest import ingest, planned
from ingest.plan import opened_and_closed
from knowledge.bank import KnowledgeBank
from knowledge.card import AccessRule
from knowledge.errors import PruneRequired, UsageError
from knowledge.library import Library
from knowledge.types import Place
from serve.cli import main
from tests.ingest.writing import write

STAFF = frozenset({"staff"})


def refdesk(folder: Path, *arguments: str) -> int:
    environ = {"REFDESK_CACHE": str(folder / "cache")}
    return main(["--root", str(folder), *arguments], environ=environ)


def shown(bank: KnowledgeBank) -> list[str]:
    return [document.title for document in bank.documents()]


@pytest.mark.parametrize("rule", ["../secret/*", "../secret", "../secret/", "./../secret/*", "*/secret/*"])
def test_a_path_rule_means_the_folder_it_names_however_it_is_written(tmp_path: Path, rule: str) -> None:
    write(tmp_path / "secret" / "code.md", "# Code\n\nThe code is 7291.\n")
    write(
        tmp_path / "here" / "refdesk.yaml",
        f"banks:\n  hr:\n    sources: [../secret]\n    access: [{{path: {rule!r}, allow: [staff]}}]\n",
    )
    assert refdesk(tmp_path / "here", "ingest", "--config", str(tmp_path / "here" / "refdesk.yaml")) == 0
    assert shown(Library(tmp_path / "here").bank("hr")) == []


def test_a_section_that_nobody_knows_is_refused_since_it_may_hold_rules(
    tmp_path: Path, docs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "refdesk.yaml", "bankss:\n  hr:\n    access: [{title: '*', allow: [staff]}]\n")
    assert refdesk(tmp_path, "ingest", str(docs), "--bank", "hr") == 2
    assert "bankss is not a section: write one of banks, ingest, model" in capsys.readouterr().err


def test_settings_that_say_nothing_of_access_leave_the_rules_as_they_are(tmp_path: Path, docs: Path) -> None:
    rules = "    access: [{title: 'Pay', allow: [staff]}]\n"
    config = write(tmp_path / "refdesk.yaml", f"banks:\n  hr:\n    sources: [docs]\n{rules}")
    assert refdesk(tmp_path, "ingest", "--config", str(config)) == 0
    write(config, "banks:\n  hr:\n    sources: [docs]\n    title: People\n")
    assert refdesk(tmp_path, "ingest", "--config", str(config)) == 0
    bank = Library(tmp_path).bank("hr")
    assert bank.card().title == "People"
    assert "Pay" not in shown(bank)
    write(config, "banks:\n  hr:\n    sources: [docs]\n    access: []\n")
    assert refdesk(tmp_path, "ingest", "--config", str(config)) == 0
    assert "Pay" in shown(bank)


def test_a_report_and_a_plan_say_how_many_places_a_changed_rule_opens_and_closes(
    docs: Path, bank: KnowledgeBank
) -> None:
    card = replace(bank.card(), access=(AccessRule(STAFF, title="Pay"),))
    ingest([docs], bank, card=card)
    turned = replace(bank.card(), access=(AccessRule(STAFF, title="Travel*"),))
    plan, report = planned([docs], bank, turned), ingest([docs], bank, card=turned)
    assert (plan.opened, plan.closed) == (report.opened, report.closed) == (1, 2)
    assert plan.summary.endswith("Access rules would open 1 and close 2 files.")
    assert report.summary.endswith("Access rules opened 1 and closed 2 files.")
    assert json.loads(json.dumps(report.to_json()))["closed"] == 2
    assert "Access" not in ingest([docs], bank).summary


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("public", "staff", (0, 1)),
        ("staff", "public", (1, 0)),
        ("staff", "staff board", (1, 0)),
        ("staff board", "board", (0, 1)),
        ("staff", "board", (1, 1)),
        ("public staff", "public", (0, 0)),
    ],
)
def test_to_open_is_to_add_readers_and_to_close_is_to_take_some_away(
    before: str, after: str, expected: tuple[int, int]
) -> None:
    place = Place(1, "a.md", frozenset(before.split()))
    assert opened_and_closed([(place, frozenset(after.split()))]) == expected


def test_rules_that_were_tightened_hold_even_where_the_run_is_refused(docs: Path, bank: KnowledgeBank) -> None:
    ingest([docs], bank)
    shutil.rmtree(docs)
    card = replace(bank.card(), access=(AccessRule(STAFF, title="*"),))
    with pytest.raises(PruneRequired):
        ingest([docs], bank, card=card)
    assert shown(bank) == []


def test_a_copy_whose_name_falls_under_a_rule_is_closed_whatever_its_title(tmp_path: Path, bank: KnowledgeBank) -> None:
    card = replace(bank.card(), access=(AccessRule(STAFF, title="Internal*"),))
    notes = write(tmp_path / "in" / "notes.txt", "the override code is 7291\n")
    ingest([tmp_path / "in"], bank, card=card)
    assert shown(bank) == ["notes"]
    notes.rename(notes.with_name("Internal notes.txt"))
    ingest([tmp_path / "in"], bank, prune=True)
    assert shown(bank) == []


def test_one_path_is_as_good_as_a_list_of_one(docs: Path, bank: KnowledgeBank) -> None:
    assert len(ingest(str(docs), bank).results) == 5


def test_an_error_says_what_to_do_in_python_too(bank: KnowledgeBank) -> None:
    with pytest.raises(UsageError, match=r"/nowhere does not exist: check the path\."):
        ingest(["/nowhere"], bank)


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_a_name_that_is_no_text_costs_only_its_file(docs: Path, bank: KnowledgeBank) -> None:
    (docs / os.fsdecode(b"b\xff.md")).write_text("Words.")
    report = ingest([docs], bank)
    assert len(bank.documents()) == 5
    (failed,) = [result for result in report.results if result.reason]
    assert "not valid UTF-8; rename it" in failed.reason
