"""Ingestion jobs: what was uploaded, how far its ingestion is, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Column, Index, Integer, Row, String, Table, and_, insert, not_, or_, select, update

from serve.store.database import Database
from serve.store.schema import Id, Json, Moment, metadata, new_id, now
from serve.store.schema import Sequence as Counting

State = Literal["queued", "running", "done", "failed"]
# A worker that has not been heard of for so long has died.
SILENCE = timedelta(seconds=60)
UPLOADS = "uploads"

jobs = Table(
    "jobs",
    metadata,
    Column("seq", Counting, primary_key=True, autoincrement=True),
    Column("id", Id, nullable=False, unique=True),
    Column("bank", String(200), nullable=False),
    Column("owner", String(200), nullable=False),
    Column("files", Json, nullable=False),
    Column("folder", String(40), nullable=False),
    Column("state", String(20), nullable=False),
    Column("created", Moment, nullable=False),
    Column("started", Moment),
    Column("finished", Moment),
    Column("worker", String(200)),
    Column("beat", Moment),
    Column("attempts", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("last", String, nullable=False),
    Column("report", Json),
    Column("failure", Json),
    Index(None, "state", "seq"),
    Index(None, "bank", "seq"),
)


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file as it was uploaded: the name it has in the bank's folder, and its bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Job:
    """One upload on its way into a bank. `done` counts the files dealt with, `last` names the one before now.

    Its files stand in `folder` below the library's root. `report` is that of the ingestion, `failure` why there is
    none: code, message and hint.
    """

    id: str
    bank: str
    owner: str
    files: tuple[UploadedFile, ...]
    created: datetime
    state: State = "queued"
    started: datetime | None = None
    finished: datetime | None = None
    worker: str | None = None
    beat: datetime | None = None
    attempts: int = 0
    done: int = 0
    chunks: int = 0
    last: str = ""
    report: Mapping[str, Any] | None = None
    failure: Mapping[str, str] | None = None
    folder: str = UPLOADS

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ("done", "failed")


class Jobs:
    """The table of jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, job: Job) -> None:
        """Keep it; it is on disk when this returns."""
        with self._database.writing() as connection:
            connection.execute(insert(jobs).values(**_fields(job)))

    def find(self, id: str) -> Job | None:
        """The job called `id`."""
        with self._database.reading() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == id)).one_or_none()
        return _job(row) if row else None

    def latest(self, *, bank: str | None = None, limit: int = 100) -> tuple[Job, ...]:
        """The last jobs, of one bank where it is named, newest first."""
        wanted = select(jobs).order_by(jobs.c.seq.desc()).limit(limit)
        if bank is not None:
            wanted = wanted.where(jobs.c.bank == bank)
        with self._database.reading() as connection:
            return tuple(_job(row) for row in connection.execute(wanted))

    def unfinished(self) -> tuple[Job, ...]:
        """The jobs that are queued or running, in order."""
        wanted = select(jobs).where(jobs.c.state.in_(["queued", "running"])).order_by(jobs.c.seq)
        with self._database.reading() as connection:
            return tuple(_job(row) for row in connection.execute(wanted))

    def claim(self, worker: str, *, silence: timedelta = SILENCE) -> Job | None:
        """The first job whose bank nobody works on, which is the worker's from now on; None where there is none."""
        moment = now()
        alive = and_(jobs.c.state == "running", jobs.c.beat >= moment - silence)
        waiting = or_(jobs.c.state == "queued", and_(jobs.c.state == "running", jobs.c.beat < moment - silence))
        busy = select(jobs.c.bank).where(alive)
        with self._database.writing() as connection:
            wanted = select(jobs).where(waiting, not_(jobs.c.bank.in_(busy))).order_by(jobs.c.seq).limit(1)
            row = connection.execute(wanted).one_or_none()
            if row is None:
                return None
            changed = {"state": "running", "worker": worker, "beat": moment, "attempts": row.attempts + 1}
            changed["started"] = row.started or moment
            # Another replica may have been as quick.
            mine = connection.execute(
                update(jobs).where(jobs.c.id == row.id, jobs.c.attempts == row.attempts).values(**changed)
            )
            return _job(row, **changed) if mine.rowcount else None

    def note(self, id: str, worker: str, **changed: Any) -> bool:
        """How far the worker is; whether the job still is its own."""
        with self._database.writing() as connection:
            mine = and_(jobs.c.id == id, jobs.c.worker == worker, jobs.c.state == "running")
            return connection.execute(update(jobs).where(mine).values(beat=now(), **changed)).rowcount > 0

    def finish(
        self, id: str, *, report: Mapping[str, Any] | None = None, failure: Mapping[str, str] | None = None
    ) -> None:
        """What became of a job; it is on disk when this returns."""
        state = "failed" if failure else "done"
        with self._database.writing() as connection:
            connection.execute(
                update(jobs)
                .where(jobs.c.id == id)
                .values(state=state, finished=now(), worker=None, report=report, failure=failure)
            )

    def give_back(self, ids: Sequence[str], *, blameless: bool = False) -> None:
        """Queue jobs again whose worker is gone; an attempt that ended through no fault of the job does not count."""
        begun = {"state": "queued", "worker": None, "done": 0, "chunks": 0, "last": ""}
        attempts = jobs.c.attempts - 1 if blameless else jobs.c.attempts
        with self._database.writing() as connection:
            connection.execute(
                update(jobs).where(jobs.c.id.in_(ids), jobs.c.state == "running").values(attempts=attempts, **begun)
            )


def new_job(bank: str, owner: str, files: Sequence[UploadedFile], *, id: str = "", folder: str = UPLOADS) -> Job:
    """A job that begins to wait now."""
    return Job(id or new_id(), bank, owner, tuple(files), now(), folder=folder)


def _fields(job: Job) -> dict[str, Any]:
    fields = {name: getattr(job, name) for name in Job.__slots__}
    return fields | {"files": [{"name": file.name, "size": file.size} for file in job.files]}


def _job(row: Row[Any], **changed: Any) -> Job:
    fields = dict(row._mapping) | changed
    del fields["seq"]
    return Job(**fields | {"files": tuple(UploadedFile(**file) for file in fields["files"])})
