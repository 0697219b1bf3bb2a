"""The process of one ingestion: what it says, and what is left of it when it dies."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from serve.jobs.child import Child, Outcome
from serve.jobs.running import IngestJobs
from serve.jobs.uploads import Uploads
from serve.store.database import open_database
from serve.store.jobs import Job, Jobs, UploadedFile, new_job
from tests.serve.served import shell_at


def job_at(root: Path, **changed: Any) -> dict[str, Any]:
    return {
        "root": str(root),
        "config": None,
        "offline": True,
        "bank": "notes",
        "paths": [str(root / "a.md")],
    } | changed


def ended(job: Mapping[str, Any], *, killed: bool = False) -> tuple[Outcome, list[Mapping[str, Any]]]:
    told: list[Mapping[str, Any]] = []
    child = Child(job)
    try:
        if killed:
            threading.Timer(0.2, child.kill).start()
        return child.outcome(told.append), told
    finally:
        child.close()


def test_it_tells_how_far_it_is_and_reports(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A\n\nA note about the garden of the house.\n")
    outcome, told = ended(job_at(tmp_path))
    assert outcome.report is not None
    assert [result["outcome"] for result in outcome.report["results"]] == ["added"]
    assert told[-1] == {"done": 1, "chunks": 1, "last": "a.md"}


def test_what_it_refuses_is_told_in_a_sentence(tmp_path: Path) -> None:
    outcome, _ = ended(job_at(tmp_path))
    assert outcome.failure is not None
    assert outcome.failure["kind"] == "UsageError"
    assert "does not exist" in outcome.failure["message"]


def test_one_that_dies_says_neither_and_leaves_its_last_words(tmp_path: Path) -> None:
    outcome, _ = ended({"root": str(tmp_path)})
    assert (outcome.report, outcome.failure) == (None, None)
    assert "KeyError" in outcome.said
    outcome, _ = ended(job_at(tmp_path), killed=True)
    assert (outcome.report, outcome.failure) == (None, None)


@pytest.fixture
def broken_job(tmp_path: Path) -> tuple[IngestJobs, Job, Any]:
    """A job whose ingestion cannot begin: the settings are wrong."""
    (tmp_path / "refdesk.yaml").write_text("banks: 7\n")
    database = open_database(tmp_path)
    table, uploads = Jobs(database), Uploads(tmp_path)
    (tmp_path / "source.md").write_text("text")
    job = new_job("notes", "k_1", [UploadedFile("a.md", 4)])
    with (tmp_path / "source.md").open("rb") as stream:
        uploads.receive(job.id, "a.md", stream)
    return IngestJobs(shell_at(tmp_path), table, uploads, ring=lambda _: None), job, database


def test_a_job_that_cannot_be_done_fails_with_its_reason(
    broken_job: tuple[IngestJobs, Job, Any], tmp_path: Path
) -> None:
    jobs, job, database = broken_job
    jobs.submit(job)
    jobs._carry_out(jobs.table.claim(jobs._worker) or job)
    found = jobs.table.find(job.id)
    assert found is not None
    assert found.failure is not None
    assert (found.state, found.failure["code"]) == ("failed", "config_error")
    assert "banks" in found.failure["message"]
    assert not (tmp_path / "uploads" / "notes" / "a.md").exists()
    database.close()


def test_a_job_that_was_broken_off_again_and_again_is_given_up(broken_job: tuple[IngestJobs, Job, Any]) -> None:
    jobs, job, database = broken_job
    jobs.submit(job)
    for _ in range(6):
        claimed = jobs.table.claim(jobs._worker)
        assert claimed is not None
        jobs.table.give_back([job.id])
    last = jobs.table.claim(jobs._worker)
    assert last is not None
    jobs._carry_out(last)
    found = jobs.table.find(job.id)
    assert found is not None
    assert found.failure is not None
    assert found.failure["code"] == "crashed"
    database.close()
