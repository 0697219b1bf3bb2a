"""The process that becomes the job: it gives up what it can, and then is replaced by the program."""

from __future__ import annotations

import contextlib
import os
import resource  # there is none on Windows, and no launcher
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from agents.tool.sandbox import kernel, landlock, seccomp
from agents.tool.sandbox.job import Job
from agents.tool.sandbox.namespaces import SETTINGS, SYSTEM

MEGABYTE = 1 << 20
NOT_FOUND = 127


@dataclass(frozen=True, slots=True)
class Confinement:
    """Which means hold the job: namespaces, or Landlock and a filter of system calls where those cannot be had."""

    namespaces: bool = False
    landlock: bool = False
    seccomp: bool = False

    @classmethod
    def available(cls, job: Job) -> Confinement:
        """What there is besides namespaces."""
        if sys.platform != "linux" or not job.landlock:
            return cls()
        return cls(landlock=landlock.version() > 0, seccomp=os.uname().machine in seccomp.CALLS)

    @property
    def name(self) -> str:
        """The means, in a word."""
        parts = [name for name in ("namespaces", "landlock", "seccomp") if getattr(self, name)]
        return "+".join(parts) or "limits"

    def missing(self, reason: str) -> list[str]:
        """What the job is not kept from."""
        told = [f"no namespaces of its own ({reason}): it can send signals to other processes of this user"]
        if self.landlock:
            told[0] = f"no namespaces of its own ({reason}): it shares the process table"
            told.append("that a file outside the workspace exists, and its size, can be seen")
        else:
            told.append("files outside the workspace can be read and written, and other processes of this user read")
        if not self.seccomp:
            told.append("only TCP is refused" if self.landlock else "the network can be reached")
        if sys.platform != "linux":
            told.append("memory and the number of processes are not watched")
        return told


def confined_worker(job: Job, confinement: Confinement, scratch: str) -> int:
    """Start the job in a process of its own; the number of that process."""
    worker = os.fork()
    if worker == 0:
        try:
            _become(job, confinement, scratch)
        except BaseException as error:  # the edge of the process, which must never go on as a second launcher
            os.write(2, f"The sandbox could not start the job: {error}\n".encode())
            os._exit(NOT_FOUND)
    return worker


def _become(job: Job, confinement: Confinement, scratch: str) -> NoReturn:
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.closerange(3, 256)
    if job.script is not None:
        Path(scratch, "main.py").write_text(job.script, encoding="utf-8", errors="surrogatepass")
    os.chdir(job.workspace)
    set_limits(job, confinement)
    if sys.platform == "linux":
        _give_up_rights(job, confinement, scratch)
    environment = {name: job.filled(value, scratch) for name, value in job.environment.items()}
    arguments = [job.filled(word, scratch) for word in job.arguments]
    os.execvpe(arguments[0], arguments, environment)


def _give_up_rights(job: Job, confinement: Confinement, scratch: str) -> None:
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    if confinement.namespaces:
        kernel.drop_capabilities()
    if confinement.landlock:
        settings = [f"/etc/{name}" for name in (*SETTINGS, "passwd", "group")]
        landlock.restrict(readable=(*SYSTEM, *settings, *job.readable), writable=(job.workspace, scratch))
    if confinement.seccomp:
        seccomp.restrict()


def set_limits(job: Job, confinement: Confinement) -> None:
    """Limits that the kernel holds each process to; those that this system lacks are left out."""
    limits = {
        resource.RLIMIT_CPU: int(job.seconds) + 1,
        resource.RLIMIT_FSIZE: job.file_mb * MEGABYTE,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 1024,
    }
    if sys.platform == "linux":
        # Address space is more than memory: libraries reserve what they never use. Memory itself is watched.
        limits[resource.RLIMIT_AS] = 2 * job.memory_mb * MEGABYTE
        others = 0 if confinement.namespaces else _threads_of_user()
        limits[resource.RLIMIT_NPROC] = others + 2 * job.processes
    for kind, most in limits.items():
        hard = resource.getrlimit(kind)[1]
        wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (wanted, wanted))


def _threads_of_user() -> int:
    """The limit on processes counts the threads of everything that the user runs."""
    count, user = 0, os.getuid()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if process.stat().st_uid == user:
                count += len(list((process / "task").iterdir()))
    return count
