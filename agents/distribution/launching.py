"""Worker processes of this process: how they are started, and how they end."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from agents.exceptions import DistributionError

ROOT = Path(__file__).parents[2]
START_SECONDS = 90.0
# By this text and not as a module: the folder that holds the packages must be on the path before the first import.
CODE = "import sys; sys.path.insert(0, sys.argv[1]); from agents.worker import child; child()"


class WorkerProcess:
    """One process. It ends when this one does, in whatever way; so does all that it started."""

    def __init__(self, *, secret: bytes, folder: Path, port: int | None) -> None:
        if os.name != "posix":
            raise DistributionError("Worker processes need Linux or macOS:", hint="use the engine ray, or no to_dist.")
        self._process = subprocess.Popen(
            [sys.executable, "-c", CODE, str(ROOT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # a signal from the terminal is this process's to handle
        )
        orders = {"secret": secret.hex(), "folder": str(folder), "port": port or 0, "parent": os.getpid()}
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # what went wrong is said where its answer is read
            self._process.stdin.write(json.dumps(orders).encode() + b"\n")
            self._process.stdin.flush()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def port(self) -> int:
        """Where it listens, once it does; waits for it. Raises `DistributionError` where it cannot."""
        said = json.loads(self._first_line() or b'{"error": "A worker process ended while it started."}')
        if "error" in said:
            self.end()
            raise DistributionError(str(said["error"]))
        return int(said["port"])

    def _first_line(self) -> bytes:
        stdout = self._process.stdout
        assert stdout is not None
        deadline = time.monotonic() + START_SECONDS
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([stdout], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                self.end()
                raise DistributionError(f"A worker process did not start within {START_SECONDS:.0f} s.")
            read = os.read(stdout.fileno(), 4096)
            if not read:
                return b""
            line += read
        return line

    def dismiss(self) -> None:
        """Tell it to end by itself soon, which lets it send what waits to be sent."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                self._process.stdin.write(b"goodbye")
                self._process.stdin.close()

    def end(self, *, patience: float = 0.0) -> None:
        """End it and all that it started: now, or when it has not ended by itself within `patience` seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.wait()
