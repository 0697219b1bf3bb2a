"""The table of jobs: each is taken by one worker, one at a time for each bank, and never lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from serve.store.database import open_database
from serve.store.jobs import Jobs, UploadedFile, new_job


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    database = open_database(tmp_path)
    yield Jobs(database)
    database.close()


def add(jobs: Jobs, bank: str) -> str:
    job = new_job(bank, "k_1", [UploadedFile("a.md", 5)])
    jobs.add(job)
    return job.id


def test_a_job_is_kept_as_it_was_given(jobs: Jobs) -> None:
    id = add(jobs, "hr")
    job = jobs.find(id)
    assert job is not None
    assert (job.state, job.files, job.owner, job.ended) == ("queued", (UploadedFile("a.md", 5),), "k_1", False)
    assert jobs.find("nobody") is None


def test_each_bank_has_one_job_at_a_time_in_order(jobs: Jobs) -> None:
    first, second, other = add(jobs, "hr"), add(jobs, "hr"), add(jobs, "travel")
    taken = [jobs.claim("w"), jobs.claim("w"), jobs.claim("w")]
    assert [job.id if job else None for job in taken] == [first, other, None]
    jobs.finish(first, report={"results": []})
    following = jobs.claim("w")
    assert following is not None
    assert following.id == second
    assert following.attempts == 1
    assert [job.id for job in jobs.unfinished()] == [second, other]


def test_a_job_whose_worker_is_silent_is_taken_over_and_no_longer_its_own(jobs: Jobs) -> None:
    id = add(jobs, "hr")
    assert jobs.claim("one") is not None
    assert jobs.note(id, "one", done=1, last="a.md")
    assert jobs.claim("other") is None
    taken = jobs.claim("other", silence=timedelta(0))
    assert taken is not None
    assert taken.attempts == 2
    assert not jobs.note(id, "one", done=2)
    job = jobs.find(id)
    assert job is not None
    assert (job.worker, job.done) == ("other", 1)


def test_a_job_that_is_given_back_waits_again(jobs: Jobs) -> None:
    id = add(jobs, "hr")
    jobs.claim("w")
    jobs.give_back([id], blameless=True)
    job = jobs.claim("w")
    assert job is not None
    assert job.attempts == 1
    jobs.give_back([id])
    job = jobs.claim("w")
    assert job is not None
    assert job.attempts == 2
    jobs.finish(id, failure={"code": "failed", "message": "m", "hint": ""})
    jobs.give_back([id])
    ended = jobs.find(id)
    assert ended is not None
    assert (ended.state, ended.ended) == ("failed", True)


def test_the_latest_come_first(jobs: Jobs) -> None:
    first, second = add(jobs, "hr"), add(jobs, "travel")
    assert [job.id for job in jobs.latest()] == [second, first]
    assert [job.id for job in jobs.latest(bank="hr")] == [first]
    assert [job.id for job in jobs.latest(limit=1)] == [second]
