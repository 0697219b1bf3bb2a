"""Running a command as a whole process: wall seconds, processor seconds, and its peak memory with its children's."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import psutil


@dataclass(frozen=True, slots=True)
class Run:
    """What a process took and printed; `peak_mb` is the most memory seen of it and its children, in MB."""

    seconds: float
    peak_mb: float
    output: str
    code: int


def refdesk(*arguments: str) -> list[str]:
    """The command line of this installation's `refdesk`."""
    return [str(Path(sys.executable).with_name("refdesk")), *arguments]


def run(command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> Run:
    """Runs a command to its end, and samples the memory of its processes every 50 ms, or less often if that is slow."""
    started = perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **(environment or {})}
    )
    peak = [0.0]
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, peak, ended))
    watcher.start()
    output, _ = process.communicate()
    seconds = perf_counter() - started
    ended.set()
    watcher.join()
    return Run(seconds, peak[0], output, process.returncode)


def _watch(pid: int, peak: list[float], ended: threading.Event) -> None:
    pause = 0.05
    while not ended.wait(pause):
        began = perf_counter()
        try:
            parent = psutil.Process(pid)
            family = [parent, *parent.children(recursive=True)]
            peak[0] = max(peak[0], sum(_resident(member) for member in family) / 1e6)
        except psutil.NoSuchProcess:
            return
        # Counting many gigabytes of pages takes tens of milliseconds and halts whoever has them.
        pause = max(0.05, 20 * (perf_counter() - began))


def _resident(process: psutil.Process) -> int:
    """Resident bytes; pages that processes share count once where the system can tell (Linux)."""
    try:
        details = process.memory_full_info()
        return int(getattr(details, "pss", details.rss))
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0
