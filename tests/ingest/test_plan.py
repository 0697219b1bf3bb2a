"""What a run would change, told without changing it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ingest import IngestReport, Outcome, ingest, planned
from knowledge.bank import KnowledgeBank
from knowledge.errors import PruneRequired, UsageError
from tests.ingest.writing import write


def outcomes(report: IngestReport, folder: Path) -> dict[str, str]:
    return {str(Path(result.uri).relative_to(folder)): str(result.outcome) for result in report.results}


def test_a_plan_names_what_is_new_changed_known_unchanged_and_gone(bank: KnowledgeBank, docs: Path) -> None:
    ingest([docs], bank)
    write(docs / "pay.md", "# Pay\n\nMore.\n")
    write(docs / "bonus.md", "# Bonus\n\nSome.\n")
    shutil.copy(docs / "remote work.md", docs / "copy.md")
    (docs / "annual leave.md").unlink()
    plan = planned([docs], bank, bank.card())
    assert plan.planned
    assert outcomes(plan, docs) == {
        "annual leave.md": "removed",
        "bonus.md": "added",
        "copy.md": "placed",
        "pay.md": "replaced",
        "remote work.md": "unchanged",
        "travel/planes.md": "unchanged",
        "travel/trains.md": "unchanged",
    }
    assert "would find 1 new, 1 changed, 1 known already" in plan.summary


def test_a_plan_writes_nothing(bank: KnowledgeBank, docs: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in bank.path.rglob("*") if path.suffix == ".sqlite"}
    assert len(planned([docs], bank, bank.card()).having(Outcome.ADDED)) == 5
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert bank.documents() == []


def test_a_plan_and_the_run_after_it_agree(bank: KnowledgeBank, docs: Path) -> None:
    ingest([docs], bank)
    write(docs / "pay.md", "# Pay\n\nMore.\n")
    (docs / "travel/trains.md").rename(docs / "trains.md")
    plan = planned([docs], bank, bank.card())
    assert outcomes(plan, docs) == outcomes(ingest([docs], bank), docs)


def test_a_missing_source_and_a_folder_without_documents_are_wrong_usage(bank: KnowledgeBank, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path / "pictures/a.png", b"png")
    with pytest.raises(UsageError, match="nowhere does not exist"):
        ingest([tmp_path / "nowhere"], bank)
    with pytest.raises(UsageError, match="matches no file"):
        ingest([f"{tmp_path}/*.md"], bank)
    with pytest.raises(UsageError, match=r"pictures holds no file that can be read \(found: \.png\)"):
        ingest([tmp_path / "pictures"], bank)
    with pytest.raises(UsageError, match="none at all"):
        ingest([tmp_path / "empty"], bank)


def test_a_source_that_has_gone_stops_the_run_until_it_is_pruned(bank: KnowledgeBank, docs: Path) -> None:
    ingest([docs], bank)
    shutil.rmtree(docs)
    with pytest.raises(PruneRequired, match="5 documents came from it"):
        ingest([docs], bank)
    assert len(bank.documents()) == 5
    assert len(ingest([docs], bank, prune=True).having(Outcome.REMOVED)) == 5
    assert bank.documents() == []


def test_removing_more_than_a_fifth_stops_the_run_until_it_is_pruned(bank: KnowledgeBank, docs: Path) -> None:
    for number in range(10):
        write(docs / f"{number}.md", f"# Number {number}\n\nText.\n")
    ingest([docs], bank)
    for number in range(4):
        (docs / f"{number}.md").unlink()
    with pytest.raises(PruneRequired, match="remove 4 of 15 documents"):
        ingest([docs], bank)
    assert len(bank.documents()) == 15
    ingest([docs], bank, prune=True)
    assert len(bank.documents()) == 11


def test_a_folder_that_was_renamed_is_no_loss(bank: KnowledgeBank, docs: Path) -> None:
    for number in range(10):
        write(docs / f"old/{number}.md", f"# Number {number}\n\nText.\n")
    ingest([docs], bank)
    before = {document.id for document in bank.documents()}
    (docs / "old").rename(docs / "new")
    ingest([docs], bank)
    assert {document.id for document in bank.documents()} == before
    assert sum("/new/" in document.uri for document in bank.documents()) == 10
