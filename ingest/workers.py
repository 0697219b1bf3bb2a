"""Parsing in worker processes: what hangs, swells or crashes costs only its own file."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from ingest.worker_process import ParserLimits, WorkerDied, WorkerProcess, WorkerStartError
from knowledge import errors
from knowledge.errors import LimitExceeded, ParseError

Token = TypeVar("Token")
ERRORS: dict[str, type[ParseError]] = {
    kind.__name__: kind
    for kind in (errors.NeedsPassword, errors.UnsupportedFormat, errors.EmptyDocument, errors.LimitExceeded)
}
POLL_SECONDS = 0.05
JOBS_PER_WORKER = 500


@dataclass(frozen=True, slots=True)
class ParseJob(Generic[Token]):
    """One document to read: a file that the worker opens itself, or bytes already at hand.

    `token` comes back with the result, untouched. `suffix` is taken from `name` unless given.
    """

    token: Token
    name: str
    path: Path | None = None
    data: bytes = field(default=b"", repr=False)
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class ParseResult(Generic[Token]):
    """What became of a job: either what the worker's function returned, or why there is nothing."""

    job: ParseJob[Token]
    payload: dict[str, Any] | None
    error: ParseError | None
    seconds: float


class ParserPool(Generic[Token]):
    """Reads documents in `size` worker processes, started when there is work, replaced when they fail.

    `function` is a dotted path, "package.module:name", of a function `(data, name, options)` that returns
    JSON values; a worker calls it with `options` and the job's `suffix`. At most `ahead` results wait for
    the consumer; the workers pause until it takes one.
    """

    def __init__(
        self,
        size: int,
        limits: ParserLimits,
        *,
        function: str,
        options: dict[str, Any] | None = None,
        ahead: int = 16,
    ) -> None:
        self._size, self._limits, self._ahead = size, limits, ahead
        self._function, self._options = function, options or {}
        self._jobs: deque[ParseJob[Token]] = deque()
        self._results: deque[ParseResult[Token]] = deque()
        self._unanswered = 0
        self._idle = 0
        self._broken: WorkerStartError | None = None
        self._closing = False
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._workers: dict[int, WorkerProcess] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def submit(self, job: ParseJob[Token]) -> None:
        """Queue a job; never blocks."""
        with self._changed:
            self._jobs.append(job)
            self._unanswered += 1
            if self._idle < len(self._jobs) and len(self._threads) <= self._size:
                self._start_thread()
            self._changed.notify_all()

    def results(self) -> Iterator[ParseResult[Token]]:
        """Results in the order of completion, until every job submitted so far has one.

        Raises `WorkerStartError` when no worker can be started.
        """
        while self._unanswered:
            with self._changed:
                # The timeout lets Ctrl-C through where a wait without one would not.
                while not self._results and not self._broken:
                    self._changed.wait(timeout=0.5)
                if self._broken:
                    raise self._broken
                result = self._results.popleft()
                self._unanswered -= 1
                self._changed.notify_all()
            yield result

    def close(self) -> None:
        """Stop at once: running jobs are killed, waiting ones dropped."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            for worker in self._workers.values():
                worker.kill()
        for thread in self._threads:
            thread.join()

    def _start_thread(self) -> None:
        target, number = (self._serve, len(self._threads)) if self._threads else (self._guard, 0)
        thread = threading.Thread(target=target, args=(number,), name=f"parser-{number}", daemon=True)
        self._threads.append(thread)
        thread.start()
        if number == 0:
            self._start_thread()

    def _guard(self, _number: int) -> None:
        """Holds the workers to their limits."""
        while not self._closing:
            for worker in list(self._workers.values()):
                worker.enforce()
            with self._changed:
                busy = len(self._workers) > self._idle
                self._changed.wait_for(lambda: self._closing, timeout=POLL_SECONDS if busy else 1.0)

    def _serve(self, number: int) -> None:
        """Feeds one worker process, and its successors, with jobs."""
        count = 0
        try:
            while (job := self._next_job()) is not None:
                worker = self._worker(number)
                started = time.monotonic()
                payload, error = self._run(worker, job)
                count += 1
                if count % JOBS_PER_WORKER == 0 or worker.resident() > self._limits.memory_mb * (1 << 19):
                    # Memory that libraries leak or hoard goes back with the process.
                    worker.kill()
                self._deliver(ParseResult(job, payload, error, time.monotonic() - started))
        except WorkerStartError as error:
            with self._changed:
                self._broken = error
                self._changed.notify_all()
        finally:
            self._retire(number)

    def _next_job(self) -> ParseJob[Token] | None:
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._closing or (self._jobs and len(self._results) < self._ahead))
            self._idle -= 1
            return None if self._closing else self._jobs.popleft()

    def _deliver(self, result: ParseResult[Token]) -> None:
        with self._changed:
            self._results.append(result)
            self._changed.notify_all()

    def _worker(self, number: int) -> WorkerProcess:
        current = self._workers.get(number)
        if current and current.alive:
            return current
        self._retire(number)
        worker = WorkerProcess(self._function, self._options, self._limits)
        with self._changed:
            self._workers[number] = worker
            if self._closing:
                worker.kill()
        worker.start()
        return worker

    def _retire(self, number: int) -> None:
        with self._changed:
            worker = self._workers.pop(number, None)
        if worker:
            worker.close()

    def _run(self, worker: WorkerProcess, job: ParseJob[Token]) -> tuple[dict[str, Any] | None, ParseError | None]:
        message = {
            "name": job.name,
            "path": str(job.path) if job.path else None,
            "suffix": job.suffix or PurePath(job.name).suffix,
        }
        try:
            answer = worker.call(message, job.data)
        except WorkerDied as death:
            worker.kill()
            return None, self._epitaph(job.name, death)
        if answer.get("retire"):
            worker.kill()
        return self._outcome(job.name, answer)

    def _outcome(self, name: str, answer: dict[str, Any]) -> tuple[dict[str, Any] | None, ParseError | None]:
        """Payload or error; what is neither comes from a worker that a document has taken over."""
        match answer:
            case {"payload": dict(payload)}:
                return payload, None
            case {"error": {"kind": str(kind), "message": str(message), "hint": str(hint)}}:
                return None, ERRORS.get(kind, ParseError)(message, hint=hint)
        return None, self._epitaph(name, WorkerDied("", "it answered nonsense"))

    def _epitaph(self, name: str, death: WorkerDied) -> ParseError:
        """Why a worker died over a document, as a sentence."""
        if death.verdict == "time":
            return LimitExceeded(
                f"{name} took longer than {self._limits.seconds:g} seconds to read:",
                hint="split it, or raise ingest.seconds.",
            )
        if death.verdict == "memory":
            return LimitExceeded(
                f"{name} needs more than {self._limits.memory_mb} MB to read:",
                hint="split it, or raise ingest.memory_mb.",
            )
        return ParseError(
            f"{name} made its parser crash ({death.reason}):", hint="open it in its own program and save it again."
        )
