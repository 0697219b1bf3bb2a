"""The parent's handle on one worker process."""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

import psutil

from ingest.framing import read_frame, write_frame
from knowledge.errors import RefdeskError

MAIN = Path(__file__).with_name("worker_main.py")
MEGABYTE = 1 << 20
START_SECONDS = 60.0
# All that a parser can need; keys and tokens stay with the parent.
INHERITED = re.compile(
    r"(PATH|HOME|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|TEMP|TMP|SYSTEMROOT|WINDIR|USERPROFILE|APPDATA|LOCALAPPDATA"
    r"|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|XDG_\w+_HOME|VIRTUAL_ENV)$",
    re.IGNORECASE,
)
OFFLINE = {
    "DO_NOT_TRACK": "1",
    "SCARF_NO_ANALYTICS": "true",
    "ORT_DISABLE_TELEMETRY": "1",
    "ANONYMIZED_TELEMETRY": "False",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
Verdict = Literal["", "time", "memory", "closed"]


class WorkerDied(Exception):
    """The process ended during a job; `verdict` says who ended it, `reason` how."""

    def __init__(self, verdict: Verdict, reason: str) -> None:
        super().__init__(reason)
        self.verdict = verdict
        self.reason = reason


class WorkerStartError(RefdeskError):
    """A parser process cannot be started at all: the installation is broken or the machine is full."""


@dataclass(frozen=True, slots=True)
class ParserLimits:
    """What one document may cost: seconds and memory of its parser, megabytes of the file."""

    seconds: float = 60.0
    memory_mb: int = 1024
    max_file_mb: float = 50.0


class WorkerProcess:
    """One subprocess that reads documents, one at a time. `call` and `enforce` may run in different threads."""

    def __init__(self, function: str, options: dict[str, Any], limits: ParserLimits) -> None:
        self._limits = limits
        self._settings = {
            "function": function,
            "options": options,
            "memory_mb": limits.memory_mb,
            "max_file_mb": limits.max_file_mb,
            "parent": os.getpid(),
        }
        self._deadline = time.monotonic() + START_SECONDS
        self._verdict: Verdict = ""
        self._killed = False
        self._lock = threading.RLock()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        try:
            self._process = self._spawn()
        except OSError as error:
            raise WorkerStartError(
                f"A parser process could not be started ({error.strerror}):", hint="free some memory, then repeat."
            ) from None
        self._usage = psutil.Process(self._process.pid)

    def start(self) -> None:
        """Wait until the process can take jobs; raises `WorkerStartError` if it cannot."""
        try:
            self._exchange(self._settings, b"")
        except WorkerDied as death:
            raise WorkerStartError(
                f"A parser process could not be started ({death.reason}):", hint=self._tail()
            ) from None
        self._set_deadline(math.inf)

    def call(self, message: dict[str, Any], body: bytes) -> dict[str, Any]:
        """The worker's answer; raises `WorkerDied` when there will be none."""
        self._set_deadline(time.monotonic() + self._limits.seconds)
        answer = self._exchange(message, body)
        self._set_deadline(math.inf)
        return answer

    def enforce(self) -> None:
        """Kill the process if it is beyond its time or memory."""
        with self._lock:
            if time.monotonic() > self._deadline:
                self.kill("time")
            elif self.resident() > self._limits.memory_mb * MEGABYTE:
                self.kill("memory")

    def resident(self) -> int:
        """Bytes of memory in use; 0 once the process has ended."""
        try:
            return int(self._usage.memory_info().rss)
        except psutil.Error:
            return 0

    @property
    def alive(self) -> bool:
        """Whether the process can take another job."""
        return not self._killed and self._process.poll() is None

    def kill(self, verdict: Verdict = "closed") -> None:
        """End the process at once; the first verdict stands."""
        with self._lock:
            if self.alive:
                self._verdict, self._killed = verdict, True
                self._process.kill()

    def close(self) -> None:
        """End the process and give back its pipes."""
        self.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            try:
                cast(BinaryIO, stream).close()
            except BrokenPipeError:
                # Closing flushes what the dead process never read.
                continue

    def _set_deadline(self, moment: float) -> None:
        # Under the lock: a deadline that has just been met must not kill the next job.
        with self._lock:
            self._deadline = moment

    def _spawn(self) -> subprocess.Popen[bytes]:
        # In a group of its own, a worker does not see the Ctrl-C that is meant for its parent.
        windows = sys.platform == "win32"
        return subprocess.Popen(
            [sys.executable, "-P", "-X", "utf8", str(MAIN)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=_environment(),
            process_group=None if windows else 0,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )

    def _exchange(self, message: dict[str, Any], body: bytes) -> dict[str, Any]:
        try:
            write_frame(cast(BinaryIO, self._process.stdin), message, body)
            return read_frame(cast(BinaryIO, self._process.stdout))[0]
        except (EOFError, OSError):
            raise WorkerDied(self._verdict, self._cause_of_death()) from None
        except (ValueError, RecursionError):
            raise WorkerDied("", "it answered nonsense") from None

    def _cause_of_death(self) -> str:
        try:
            code = self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            return "it closed its pipe"
        if code >= 0:
            return f"exit code {code}"
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"

    def _tail(self) -> str:
        """The last line that the process wrote about itself."""
        self._errors.seek(0)
        lines = self._errors.read(MEGABYTE).decode("utf-8", errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing.")


def _environment() -> dict[str, str]:
    """The worker's environment: the same modules, no secrets, no network."""
    kept = {name: value for name, value in os.environ.items() if INHERITED.match(name)}
    modules = dict.fromkeys([str(MAIN.parents[1]), *filter(None, sys.path)])
    return kept | OFFLINE | {"PYTHONPATH": os.pathsep.join(modules)}
