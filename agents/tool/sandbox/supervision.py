"""Watches a job: its time, its memory, its processes, and whether anybody still wants it; and leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from agents.tool.sandbox.job import Job

POLL = 0.02
STDIN = 0
MEGABYTE = 1 << 20
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
ROUNDS = 200


@dataclass(frozen=True, slots=True)
class Process:
    """A process as /proc tells of it; `private` counts the bytes that it shares with no file."""

    pid: int
    parent: int
    private: int


def supervise(job: Job, worker: int, *, alone: bool) -> tuple[str, int | None]:
    """Wait for the end of `worker`: why it was ended, empty when by itself, and its exit code.

    `alone` says that every process in sight is the job's. Otherwise they are those that descend from this process.
    Kills what is left of the job.
    """
    wake, written = os.pipe()
    for end in (wake, written):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(written)
    deadline = time.monotonic() + job.seconds
    verdict, code = "", None
    while not verdict:
        code = _reaped(worker)
        if code is not None:
            break
        verdict = _verdict(job, deadline, alone=alone)
        if not verdict:
            readable, _, _ = select.select([STDIN, wake], [], [], POLL)
            if STDIN in readable and not os.read(STDIN, 4096):
                verdict = "cancelled"
            if wake in readable:
                os.read(wake, 4096)
    if not alone:
        _kill_all(worker)
    return verdict, code


def _verdict(job: Job, deadline: float, *, alone: bool) -> str:
    if time.monotonic() >= deadline:
        return "time"
    ours = _ours(alone=alone)
    if len(ours) > job.processes:
        return "processes"
    if sum(process.private for process in ours) > job.memory_mb * MEGABYTE:
        return "memory"
    return ""


def _reaped(worker: int) -> int | None:
    """The exit code of `worker` when it has ended, as a shell gives it; other children are let go of."""
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return None
            if pid == worker:
                return os.waitstatus_to_exitcode(status)
    return None


def _ours(*, alone: bool) -> list[Process]:
    there = _processes()
    me = os.getpid()
    if alone:
        return [process for process in there if process.pid != me]
    family = {me}
    found: list[Process] = []
    for _ in range(len(there)):
        more = [process for process in there if process.parent in family and process.pid not in family]
        if not more:
            break
        found += more
        family |= {process.pid for process in more}
    return found


def _processes() -> list[Process]:
    found = []
    with contextlib.suppress(OSError):
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with contextlib.suppress(OSError, ValueError, IndexError):
                    found.append(_process(int(folder.name)))
    return found


def _process(pid: int) -> Process:
    # The name of the program stands in parentheses and may itself hold spaces and parentheses.
    parent = int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[1])
    pages = Path(f"/proc/{pid}/statm").read_bytes().split()
    return Process(pid, parent, (int(pages[1]) - int(pages[2])) * PAGE)


def _kill_all(worker: int) -> None:
    """Stopped first, so that none can make another while it is being looked for; orphans come to this process."""
    with contextlib.suppress(OSError):
        os.killpg(worker, signal.SIGKILL)
    for _ in range(ROUNDS):
        left = _ours(alone=False)
        for wanted in (signal.SIGSTOP, signal.SIGKILL):
            for process in left:
                with contextlib.suppress(OSError):
                    os.kill(process.pid, wanted)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not left:
            return
        time.sleep(0.005)
