"""The command `refdesk ingest`: what it prints, its exit code, and what it leaves behind."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from knowledge.card import RerankerSpec
from knowledge.library import Library
from knowledge.types import Reader
from serve.cli import main
from tests.ingest.writing import write


def refdesk(root: Path, *arguments: str | Path) -> int:
    return main(["--root", str(root), *map(str, arguments)], environ={"REFDESK_CACHE": str(root / "cache")})


def test_a_folder_goes_in_and_the_second_time_nothing_does(
    tmp_path: Path, docs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refdesk(tmp_path, "ingest", docs, "--bank", "hr") == 0
    assert capsys.readouterr().out.startswith("hr: 5 new (5 chunks, ")
    assert refdesk(tmp_path, "ingest", docs, "--bank", "hr") == 0
    assert capsys.readouterr().out.startswith("hr: 5 unchanged in ")
    assert len(Library(tmp_path).bank("hr").documents()) == 5


def test_what_did_not_go_in_is_named_with_its_reason(
    tmp_path: Path, docs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(docs / "empty.md", "")
    write(docs / "picture.png", "png")
    assert refdesk(tmp_path, "ingest", docs, "--bank", "hr") == 1
    said = capsys.readouterr().out
    assert "hr: 5 new, 1 not read" in said
    assert f"not read: {docs}/empty.md is empty: there is nothing to index." in said
    assert "skipped, since their format is not read: 1 .png" in said


def test_a_plan_shows_what_would_change_and_makes_no_bank(
    tmp_path: Path, docs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refdesk(tmp_path, "ingest", docs, "--bank", "hr", "--plan") == 0
    said = capsys.readouterr().out
    assert said.startswith("hr: would find 5 new.")
    assert f"new: {docs}/pay.md" in said
    assert Library(tmp_path).names() == ()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere", "--bank", "hr"], "nowhere does not exist"),
        (["docs"], "Add --bank NAME"),
        (["docs", "--bank", "a/b"], "cannot name a bank"),
        ([], "Nothing to ingest"),
    ],
)
def test_wrong_usage_is_one_sentence_and_makes_no_bank(
    tmp_path: Path, docs: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(docs) if argument == "docs" else argument for argument in arguments]
    assert refdesk(tmp_path, "ingest", *given) == 2
    said = capsys.readouterr().err
    assert words in said
    assert len(said.splitlines()) == 1
    assert Library(tmp_path).names() == ()


def test_json_holds_the_whole_report(tmp_path: Path, docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(docs / "empty.md", "")
    assert refdesk(tmp_path, "ingest", docs, "--bank", "hr", "--json") == 1
    (report,) = json.loads(capsys.readouterr().out)
    assert (report["bank"], report["counts"]["added"], report["counts"]["failed"], report["chunks"]) == ("hr", 5, 1, 5)
    assert {"parse", "embed", "commit"} <= set(report["timings"])


def test_a_settings_file_declares_banks_and_who_may_read_them(
    tmp_path: Path, docs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = docs.parent / "refdesk.yaml"
    config.write_text(
        "banks:\n"
        "  hr: {title: Handbook, sources: [docs], access: [{title: Pay, allow: [staff]}]}\n"
        "  gone: {sources: [nowhere]}\n"
    )
    assert main(["ingest", "--config", str(config)], environ={}) == 2
    captured = capsys.readouterr()
    assert "hr: 5 new" in captured.out
    assert "Error: gone: " in captured.err
    bank = Library(tmp_path).bank("hr")
    assert bank.card().title == "Handbook"
    assert len(bank.documents()) == 4
    assert len(bank.documents(reader=Reader(frozenset({"staff"})))) == 5
    assert main(["ingest", "--config", str(config), "--bank", "hr"], environ={}) == 0
    assert main(["ingest", "--config", str(config), "--bank", "other"], environ={}) == 2
    assert "declares no bank 'other'" in capsys.readouterr().err


def test_a_source_that_has_gone_asks_for_prune(tmp_path: Path, docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refdesk(tmp_path, "ingest", docs, "--bank", "hr")
    shutil.rmtree(docs)
    assert refdesk(tmp_path, "ingest", docs, "--bank", "hr") == 1
    assert "add --prune" in capsys.readouterr().err
    assert refdesk(tmp_path, "ingest", docs, "--bank", "hr", "--prune") == 0
    assert "5 gone" in capsys.readouterr().out


def test_a_reranker_stays_until_the_settings_say_otherwise(tmp_path: Path, docs: Path) -> None:
    config, bank = docs.parent / "refdesk.yaml", Library(tmp_path).bank
    found = []
    for said in ("reranker: {model: models/order, passages: 9}", "title: People", "reranker: null"):
        config.write_text(f"banks:\n  hr:\n    sources: [docs]\n    {said}\n")
        assert main(["ingest", "--config", str(config)], environ={}) == 0
        found.append(bank("hr").card().reranker)
        bank("hr").close()
    assert found == [RerankerSpec("models/order", 9)] * 2 + [None]
