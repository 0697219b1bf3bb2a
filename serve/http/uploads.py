"""Uploads into banks, and the jobs that ingest them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from knowledge.errors import UsageError
from serve.http.banks import BankName, offered_bank
from serve.http.described import described
from serve.http.event_stream import PING, PING_SECONDS, EventStream, frame, held
from serve.http.failures import Refused
from serve.http.job_shapes import AcceptedShape, JobShape, JobsShape, job_shape
from serve.jobs.running import topic
from serve.jobs.uploads import file_name
from serve.security.caller import Caller, require
from serve.service import Service
from serve.store.jobs import Job, new_job
from serve.store.schema import new_id

MOST_FILES = 100
# News of jobs may come from another process, which rings no bell here.
LOOK_SECONDS = 1.0
FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                }
            }
        },
    }
}
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {}}, "description": "Events `progress` with the job, then `end`."}
}
JobId = Annotated[str, Path(max_length=64)]


def upload_routes(service: Service) -> APIRouter:
    """Routes of uploads and jobs."""
    router = APIRouter(tags=["jobs"])
    writer = Depends(require(service, "documents:write"))

    @router.post("/api/uploads", status_code=201, responses=described(404), openapi_extra=FORM)
    async def upload(
        request: Request, bank: Annotated[str, Query(max_length=63)], caller: Annotated[Caller, writer]
    ) -> AcceptedShape:
        """Upload files into a bank. They are on disk when this answers; the job takes them in."""
        return AcceptedShape(job=(await accepted(service, caller, bank, request)).id)

    @router.post("/api/banks/{bank}/documents", status_code=201, responses=described(404), openapi_extra=FORM)
    async def add(request: Request, bank: BankName, caller: Annotated[Caller, writer]) -> AcceptedShape:
        """Upload files into a bank, as `POST /api/uploads` does."""
        return AcceptedShape(job=(await accepted(service, caller, bank, request)).id)

    @router.get("/api/jobs", responses=described(404))
    def jobs(
        caller: Annotated[Caller, writer],
        bank: Annotated[str | None, Query(max_length=63)] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> JobsShape:
        """The latest jobs, of one bank where it is named."""
        return JobsShape(jobs=[job_shape(job) for job in service.jobs.table.latest(bank=bank, limit=limit)])

    @router.get("/api/jobs/{id}", responses=described(404))
    def job(id: JobId, caller: Annotated[Caller, writer]) -> JobShape:
        """A job: how far it is, and what became of each file."""
        return job_shape(known(service, id))

    @router.get("/api/jobs/{id}/events", response_class=Response, responses=described(404) | EVENTS)
    async def events(id: JobId, caller: Annotated[Caller, writer]) -> EventStream:
        """How a job gets on, as it happens, until it ends."""
        found = await asyncio.to_thread(known, service, id)
        return EventStream(followed(service, found), held(service.guard.streams, caller))

    return router


def known(service: Service, id: str) -> Job:
    """The job called `id`; refused as not found where there is none."""
    found = service.jobs.table.find(id)
    if found is None:
        raise Refused(404, "not_found", "There is no such job.", hint="`GET /api/jobs` lists the latest.")
    return found


async def accepted(service: Service, caller: Caller, bank: str, request: Request) -> Job:
    """A job for the files in the request, all of which are on disk."""
    await asyncio.to_thread(offered_bank, service, bank)
    id = new_id()
    async with request.form(max_files=MOST_FILES, max_fields=MOST_FILES) as form:
        files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        return await asyncio.to_thread(taken_in, service, caller, bank, id, files)


def taken_in(service: Service, caller: Caller, bank: str, id: str, files: list[UploadFile]) -> Job:
    """The job, with its files on disk before it is; nothing is left of it where one of them is refused."""
    names = [file_name(file.filename or "") for file in files]
    if not names:
        raise UsageError("No file was sent:", hint="send one or more as multipart/form-data, in the field `file`.")
    if len({name.casefold() for name in names}) < len(names):
        raise UsageError("Two of the files have one name:", hint="name each differently.")
    try:
        kept = [service.jobs.uploads.receive(id, name, file.file) for name, file in zip(names, files, strict=True)]
        job = new_job(bank, caller.id, kept, id=id)
        service.guard.audit.did(caller, "upload.accepted", f"{bank}/{id}", files=len(kept))
        service.jobs.submit(job)
    except BaseException:
        service.jobs.uploads.discard(id)
        raise
    return job


async def followed(service: Service, job: Job) -> AsyncIterator[bytes]:
    """The states of a job, each once, until it ends."""
    told: JobShape | None = None
    silent = 0.0
    with service.live.listen(topic(job.id)) as bell:
        while True:
            shape = job_shape(job)
            if shape != told:
                told, silent = shape, 0.0
                yield frame("progress", shape.model_dump(mode="json"))
            if job.ended or service.reception.is_draining:
                break
            silent += LOOK_SECONDS
            if silent >= PING_SECONDS:
                silent = 0.0
                yield PING
            await bell.wait(LOOK_SECONDS)
            job = await asyncio.to_thread(known, service, job.id)
    yield frame("end", {})
