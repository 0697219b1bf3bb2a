"""The parent's handle on the process of one ingestion."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from knowledge.errors import StorageError

MODULE = "serve.jobs.process"
TAIL = 4_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an ingestion ended: with a report, or with a failure; with neither, its process died, and `said` is why."""

    report: Mapping[str, Any] | None = None
    failure: Mapping[str, str] | None = None
    said: str = ""


class Child:
    """One process at work on `job`. `kill` may be called from any thread."""

    def __init__(self, job: Mapping[str, Any]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-X", "utf8", "-m", MODULE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
                encoding="utf-8",
                # In a group of its own it does not see the Ctrl-C that is meant for the service.
                process_group=None if sys.platform == "win32" else 0,
            )
        except OSError as error:
            self._errors.close()
            raise StorageError(
                f"A process for the ingestion could not be started ({error.strerror}).", hint="Free some memory."
            ) from error
        self._job = job

    def outcome(self, progress: Callable[[Mapping[str, Any]], None]) -> Outcome:
        """Waits for the end, and passes on what is told until then."""
        found = Outcome()
        try:
            stdin = cast(Any, self._process.stdin)
            stdin.write(json.dumps(dict(self._job)) + "\n")
            stdin.flush()
            for line in cast(Any, self._process.stdout):
                match json.loads(line):
                    case {"progress": dict(how_far)}:
                        progress(how_far)
                    case {"report": dict(report)}:
                        found = Outcome(report=report)
                    case {"failure": dict(failure)}:
                        found = Outcome(failure=failure)
        except (OSError, ValueError):
            # It died in the middle of a word; what it said before stands.
            pass
        self._process.wait()
        return found if found.report or found.failure else Outcome(said=self._tail())

    def kill(self) -> None:
        """Ends it at once; what it has committed stays."""
        self._process.kill()

    def close(self) -> None:
        """Ends it if need be, and gives back its pipes."""
        self.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            try:
                cast(Any, stream).close()
            except BrokenPipeError:
                # Closing flushes what the dead process never read.
                continue

    def _tail(self) -> str:
        self._errors.seek(0, 2)
        self._errors.seek(max(0, self._errors.tell() - TAIL))
        return self._errors.read().decode(errors="replace").strip()
