"""Carries out ingestion jobs, each in a process of its own: one at a time for each bank, and none is forgotten."""

from __future__ import annotations

import logging
import os
import re
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from knowledge.errors import RefdeskError
from knowledge.terminal.shell import Shell
from serve.jobs.child import Child, Outcome
from serve.jobs.uploads import Uploads
from serve.store.jobs import Job, Jobs

logger = logging.getLogger(__name__)
AT_ONCE = 2
MOST_ATTEMPTS = 5
# Seconds between looks for work that another replica left, between beats, and between tries at a busy bank.
LOOK = 2.0
BEAT = 10.0
BUSY_WAIT = 2.0
BUSY_TRIES = 60


class IngestJobs:
    """Works through the table of jobs in `at_once` threads from `start` to `close`.

    A job whose process dies, or whose service is stopped, begins again where its bank stands. `ring` is told the topic
    of whatever has changed.
    """

    def __init__(
        self, shell: Shell, table: Jobs, uploads: Uploads, *, ring: Callable[[str], None], at_once: int = AT_ONCE
    ) -> None:
        self.table, self.uploads = table, uploads
        self._shell = shell
        self._ring = ring
        self._worker = f"{socket.gethostname()}/{os.getpid()}/{psutil.Process().create_time():.0f}"
        self._at_once = at_once
        self._stopping = threading.Event()
        self._wake = threading.Condition()
        self._claiming = threading.Lock()
        self._children: dict[str, Child] = {}
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin, first with what a process that is gone had begun."""
        if self._threads:
            return
        self._stopping.clear()
        unfinished = self.table.unfinished()
        self.table.give_back([job.id for job in unfinished if job.worker and not is_alive(job.worker)])
        self.uploads.forget(known={job.id for job in unfinished})
        targets = [self._work] * self._at_once + [self._beat]
        self._threads = [threading.Thread(target=target, name="ingest-jobs", daemon=True) for target in targets]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job) -> None:
        """Take on a job whose files have arrived; it is on disk when this returns."""
        self.table.add(job)
        with self._wake:
            self._wake.notify_all()

    def close(self) -> None:
        """Stop at once; what is under way is taken up again by whoever starts next."""
        self._stopping.set()
        with self._wake:
            self._wake.notify_all()
        for child in list(self._children.values()):
            child.kill()
        for thread in self._threads:
            thread.join()
        self._threads = []

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                job = self._claimed()
                if job is not None:
                    self._carry_out(job)
                    continue
            except RefdeskError as error:
                # A full disk or an absent database passes; the job waits where it is.
                logger.error("An ingestion job could not go on: %s", error)
            with self._wake:
                self._wake.wait(LOOK)

    def _claimed(self) -> Job | None:
        with self._claiming:
            return self.table.claim(self._worker) if self.table.unfinished() else None

    def _carry_out(self, job: Job) -> None:
        if job.attempts > MOST_ATTEMPTS:
            self._fail(job, "crashed", "The ingestion was broken off several times.", "Upload the files one by one.")
            return
        names = [file.name for file in job.files]
        paths = self._uploads(job).place(job.id, job.bank, names)
        outcome = self._outcome(job, paths)
        if self._stopping.is_set() and outcome.report is None:
            self.table.give_back([job.id], blameless=True)
        elif outcome.report is not None:
            self._done(job, outcome.report)
        elif outcome.failure is not None:
            failure = outcome.failure
            self._fail(job, code_of(failure["kind"]), failure["message"], failure["hint"])
        else:
            logger.error("The process of ingestion job %s died: %s", job.id, outcome.said)
            self.table.give_back([job.id])

    def _outcome(self, job: Job, paths: list[Path]) -> Outcome:
        """What the process says in the end; as long as another one writes to the bank, it is tried again."""
        outcome = Outcome()
        for _ in range(BUSY_TRIES):
            outcome = self._run(job, paths)
            busy = outcome.failure is not None and outcome.failure.get("kind") == "BankBusy"
            if not busy or self._stopping.wait(BUSY_WAIT):
                break
        return outcome

    def _run(self, job: Job, paths: list[Path]) -> Outcome:
        shell = self._shell
        child = Child(
            {
                "root": str(shell.root),
                "config": str(shell.config) if shell.config else None,
                "offline": shell.offline,
                "bank": job.bank,
                "paths": [str(path) for path in paths],
            }
        )
        self._children[job.id] = child
        try:
            if self._stopping.is_set():
                child.kill()
            return child.outcome(lambda progress: self._note(job, child, progress))
        finally:
            del self._children[job.id]
            child.close()

    def _note(self, job: Job, child: Child, progress: Mapping[str, Any]) -> None:
        if not self.table.note(job.id, self._worker, **progress):
            # Another replica took it for abandoned: two must not carry it out.
            child.kill()
        self._ring(topic(job.id))

    def _done(self, job: Job, report: Mapping[str, Any]) -> None:
        refused = [Path(result["uri"]).name for result in report["results"] if result["outcome"] == "failed"]
        self._uploads(job).settle(job.id, job.bank, refused)
        self.table.finish(job.id, report=told(report))
        self._ring(topic(job.id))

    def _fail(self, job: Job, code: str, message: str, hint: str) -> None:
        self._uploads(job).settle(job.id, job.bank, [file.name for file in job.files])
        self.table.finish(job.id, failure={"code": code, "message": message, "hint": hint})
        self._ring(topic(job.id))

    def _uploads(self, job: Job) -> Uploads:
        return replace(self.uploads, name=job.folder)

    def _beat(self) -> None:
        while not self._stopping.wait(BEAT):
            for id in list(self._children):
                try:
                    self.table.note(id, self._worker)
                except RefdeskError as error:
                    logger.warning("An ingestion job could not be noted: %s", error)


def topic(id: str) -> str:
    """What news of a job is called."""
    return f"job {id}"


def code_of(kind: str) -> str:
    """The name of an error's class as programs are told it, such as `bank_busy`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower()


def told(report: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of a report: files by name, since where they stand is nobody's business."""
    kept = {name: report[name] for name in ("bank", "counts", "chunks", "seconds")}
    results = [
        {"name": Path(one["uri"]).name}
        | {name: one[name] for name in ("outcome", "title", "chunks", "reason", "notes")}
        for one in report["results"]
    ]
    return kept | {"results": results}


def is_alive(worker: str) -> bool:
    """Whether the process behind a worker's name still runs; of another machine nobody knows, so it counts as alive."""
    host, pid, created = worker.rsplit("/", 2)
    if host != socket.gethostname():
        return True
    try:
        return f"{psutil.Process(int(pid)).create_time():.0f}" == created
    except (psutil.Error, ValueError):
        return False
