"""Ingestion jobs as the interface shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from knowledge.terminal.presentation import counted
from serve.http.described import FailureDetail
from serve.store.jobs import Job

STATES = {
    "queued": "Waits for its turn.",
    "running": "Is being read: {done} of {files}.",
    "done": "{read} of {files} went in.",
}


class AcceptedShape(BaseModel):
    """An upload that is on disk and will be ingested."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"job": "3f0c9a7d5e1b4c8f9a2d6b7c8e9f0a1b"}]})

    job: str = Field(description="The id of its job: `GET /api/jobs/{id}`.")


class UploadedShape(BaseModel):
    """A file as it was kept."""

    name: str
    size: int


class FileResultShape(BaseModel):
    """What became of one file."""

    name: str
    outcome: Literal["added", "replaced", "placed", "renamed", "unchanged", "removed", "failed"]
    title: str
    chunks: int
    reason: str = Field(description="Why it failed and what to do; empty for what went in.")
    notes: list[str] = Field(description="What was left out of it.")


class JobShape(BaseModel):
    """An upload on its way into a bank."""

    id: str
    bank: str
    state: Literal["queued", "running", "done", "failed"]
    detail: str = Field(description="The state as a sentence.")
    files: list[UploadedShape]
    created: datetime
    started: datetime | None
    finished: datetime | None
    done: int = Field(description="How many files are dealt with.")
    total: int
    chunks: int = Field(description="How many chunks were indexed so far.")
    last: str = Field(description="The file that was dealt with last.")
    results: list[FileResultShape] = Field(description="What became of each file, once it is done.")
    failure: FailureDetail | None


class JobsShape(BaseModel):
    """The latest jobs, newest first."""

    jobs: list[JobShape]


def job_shape(job: Job) -> JobShape:
    """A job as it is now."""
    results = [FileResultShape(**result) for result in (job.report or {}).get("results", [])]
    read = sum(result.outcome != "failed" for result in results)
    failure = FailureDetail(**job.failure) if job.failure else None
    detail = STATES.get(job.state, "").format(done=job.done, files=counted(len(job.files), "file"), read=read)
    reasons = [result.reason for result in results if result.reason]
    if failure:
        detail = f"{failure.message} {failure.hint}".strip()
    return JobShape(
        id=job.id,
        bank=job.bank,
        state=job.state,
        detail=" ".join([detail, *reasons]),
        files=[UploadedShape(name=file.name, size=file.size) for file in job.files],
        created=job.created,
        started=job.started,
        finished=job.finished,
        done=len(job.files) if job.state == "done" else job.done,
        total=len(job.files),
        chunks=job.chunks if job.report is None else int(job.report["chunks"]),
        last=job.last,
        results=results,
        failure=failure,
    )
