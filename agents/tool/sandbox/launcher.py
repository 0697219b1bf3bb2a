"""The process that confines a job and watches over it; run as `python -c`, it knows nothing of its parent's secrets.

Standard input brings the job as one line and then stays open: when it closes, everything is killed. To the status
descriptor it writes JSON lines: how the job is confined, then how it ended.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import NoReturn

from agents.tool.sandbox import kernel, namespaces
from agents.tool.sandbox.confinement import Confinement, confined_worker
from agents.tool.sandbox.job import Job
from agents.tool.sandbox.supervision import supervise

LINUX = sys.platform == "linux"


def main() -> None:
    """Read the job, run it, and tell how it ended."""
    job = Job.from_line(_line())
    os.set_inheritable(job.status, False)
    if LINUX:
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    missing = "not asked for"
    if job.namespaces and LINUX:
        missing = _in_namespaces(job)
        if not missing:
            return
    _on_system(job, missing)


def _line() -> bytes:
    """The first line of standard input, and not a byte more: what follows is only ever its end."""
    read = bytearray()
    while not read.endswith(b"\n"):
        part = os.read(0, 65536)
        if not part:
            sys.exit("The launcher of the sandbox was given no job.")
        read += part
    return bytes(read)


def tell(job: Job, **status: object) -> None:
    """Write one line of status."""
    os.write(job.status, json.dumps(status).encode() + b"\n")


def _in_namespaces(job: Job) -> str:
    """Run the job in namespaces and wait for its end; gives why they cannot be had, empty when they were."""
    ready, report = os.pipe()
    outer = os.fork()
    if outer == 0:
        os.close(ready)
        _first_in_namespaces(job, report)
    os.close(report)
    problem = b"".join(iter(lambda: os.read(ready, 4096), b"")).decode()
    os.close(ready)
    if problem:
        os.waitpid(outer, 0)
        return problem.removeprefix("!")
    os.waitpid(outer, 0)
    return ""


def _first_in_namespaces(job: Job, report: int) -> NoReturn:
    try:
        # What is not dumpable may not write its own user map.
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
        namespaces.leave_system()
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        inner = os.fork()
    except OSError as error:
        _give_up(report, error)
    if inner:
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        os.close(report)
        os.waitpid(inner, 0)
        os._exit(0)
    try:
        # Its parent is in another process table, so what kills that one must kill this one, and all it started.
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        namespaces.build_root(job)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    except OSError as error:
        _give_up(report, error)
    os.close(report)
    tell(job, confinement="namespaces", missing=[])
    _run(job, Confinement(namespaces=True), namespaces.SCRATCH)
    os._exit(0)


def _give_up(report: int, error: OSError) -> NoReturn:
    os.write(report, f"!{error}".encode())
    os._exit(1)


def _on_system(job: Job, missing: str) -> None:
    """Run the job without namespaces, behind what else there is."""
    if LINUX:
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    confinement = Confinement.available(job)
    tell(job, confinement=confinement.name, missing=confinement.missing(missing))
    _run(job, confinement, job.scratch)


def _run(job: Job, confinement: Confinement, scratch: str) -> None:
    worker = confined_worker(job, confinement, scratch)
    verdict, code = supervise(job, worker, alone=confinement.namespaces)
    tell(job, verdict=verdict, code=code)
