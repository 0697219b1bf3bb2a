"""Runs programs in a sandbox: the side of it that lives in the process of the agent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from agents.exceptions import SandboxError
from agents.tool.sandbox.job import SCRATCH, SCRIPT, Job
from agents.tool.sandbox.limits import SandboxLimits
from agents.tool.sandbox.output import Output
from agents.tool.sandbox.result import SandboxResult, Verdict

PROJECT = Path(__file__).resolve().parents[3]
START = f"import sys; sys.path.insert(0, {str(PROJECT)!r}); from agents.tool.sandbox.launcher import main; main()"
GRACE = 5.0
MEGABYTE = 1 << 20
THREADS = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
    "HOME": SCRATCH,
    "TMPDIR": SCRATCH,
    "LANG": "C.UTF-8",
    "MPLBACKEND": "Agg",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
    "PYTHONIOENCODING": "utf-8:replace",
    **THREADS,
}
REASONS = {
    "time": "TimeoutError: The code execution exceeded the timeout of {seconds:g} seconds and was killed.",
    "memory": "MemoryError: The code used more than {memory_mb} MB and was stopped.",
    "processes": "The code started more than {processes} processes and was stopped.",
    "output": "The code wrote more than {output_mb} MB of output and was stopped.",
    "lost": "The sandbox was ended from outside.",
    "cancelled": "The run was cancelled.",
}


class Sandbox:
    """Runs programs that may read and write `workspace` and nothing else, within `limits`.

    Confined by namespaces where the system allows them, else by Landlock and a filter of system calls, else by limits
    of its own; `describe()` says which, and every result names what its program was not kept from. Other systems than
    Linux have limits only. `namespaces` and `landlock` set to false leave these out.
    """

    def __init__(
        self,
        workspace: Path | str,
        limits: SandboxLimits | None = None,
        *,
        namespaces: bool = True,
        landlock: bool = True,
    ) -> None:
        self.workspace = Path(workspace).resolve()
        self.limits = limits or SandboxLimits()
        self._namespaces = namespaces
        self._landlock = landlock

    async def run_python(self, code: str, *, timeout: float | None = None) -> SandboxResult:
        """Run Python code with the interpreter of this process."""
        return await self._run([sys.executable, "-u", SCRIPT], timeout, script=code)

    async def run_shell(self, command: str, *, timeout: float | None = None) -> SandboxResult:
        """Run a command with bash, or sh where there is none."""
        shell = shutil.which("bash", path=ENVIRONMENT["PATH"]) or "/bin/sh"
        return await self._run([shell, SCRIPT], timeout, script=command)

    async def run(self, arguments: Sequence[str], *, timeout: float | None = None) -> SandboxResult:
        """Run a program."""
        return await self._run(list(arguments), timeout)

    async def describe(self) -> str:
        """How programs are confined on this system, and what they are not kept from."""
        result = await self._run(["true"], 30.0)
        missing = "; ".join(result.missing)
        return f"Confined by {result.confinement}. {f'Not held: {missing}.' if missing else 'Nothing is left open.'}"

    async def _run(self, arguments: list[str], timeout: float | None, script: str | None = None) -> SandboxResult:
        if not self.workspace.is_dir():
            raise SandboxError(f"The workspace {self.workspace} is no folder:", hint="make it first.")
        seconds = self.limits.seconds if timeout is None else float(timeout)
        if not seconds > 0:
            raise SandboxError(f"A timeout is a number of seconds above 0, found {seconds:g}.")
        if sys.platform == "win32":
            from agents.tool.sandbox.unconfined import run_unconfined  # only there

            return await run_unconfined(arguments, self.workspace, script, seconds)
        scratch = tempfile.mkdtemp(prefix="sandbox-")
        try:
            return await self._launched(arguments, seconds, script, scratch)
        finally:
            await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)

    async def _launched(self, arguments: list[str], seconds: float, script: str | None, scratch: str) -> SandboxResult:
        status, told = os.pipe()
        job = self._job(arguments, seconds, script, scratch, told)
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", "-c", START,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
                pass_fds=(told,), env={}, cwd="/",
            )  # fmt: skip
        except BaseException:
            os.close(status)
            raise
        finally:
            os.close(told)
        run = _Run(process, self.limits)
        try:
            return await run.result(job, status)
        finally:
            await run.ended()

    def _job(self, arguments: list[str], seconds: float, script: str | None, scratch: str, told: int) -> Job:
        return Job(
            arguments=arguments,
            environment={**ENVIRONMENT, "PATH": f"{Path(sys.executable).parent}:{ENVIRONMENT['PATH']}"},
            workspace=str(self.workspace),
            scratch=scratch,
            readable=interpreter_folders(),
            script=script,
            seconds=seconds,
            memory_mb=self.limits.memory_mb,
            file_mb=self.limits.file_mb,
            processes=self.limits.processes,
            status=told,
            namespaces=self._namespaces,
            landlock=self._landlock,
        )


class _Run:
    """One launcher at work."""

    def __init__(self, process: asyncio.subprocess.Process, limits: SandboxLimits) -> None:
        self._process = process
        self._limits = limits
        self._verdict: Verdict = ""
        most = limits.output_mb * MEGABYTE
        self._stdout = Output(most=most, too_much=self._too_much)
        self._stderr = Output(most=most, too_much=self._too_much)

    async def result(self, job: Job, status: int) -> SandboxResult:
        """Hand the job over and wait for its end; longer than its time only if the launcher itself is lost."""
        stdin, stdout, stderr = self._process.stdin, self._process.stdout, self._process.stderr
        assert stdin is not None
        assert stdout is not None
        assert stderr is not None
        reading = [asyncio.ensure_future(self._stdout.read(stdout)), asyncio.ensure_future(self._stderr.read(stderr))]
        telling = asyncio.ensure_future(_lines(status))
        tasks = [*reading, telling]
        try:
            with contextlib.suppress(ConnectionError):
                stdin.write(job.to_line())
                await stdin.drain()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), job.seconds + GRACE)
            await self.ended()
            # A process that got away may hold the other end open.
            await asyncio.wait(tasks, timeout=1.0)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        return self._made(job, _merged([] if telling.cancelled() else telling.result()))

    async def ended(self) -> None:
        """Let the launcher kill what it started, and kill it where it does not."""
        if self._process.returncode is not None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        ending = asyncio.ensure_future(self._process.wait())
        await asyncio.wait({ending}, timeout=GRACE)
        if not ending.done():
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await asyncio.wait({ending}, timeout=GRACE)

    def _too_much(self) -> None:
        self._verdict = "output"
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _made(self, job: Job, told: dict[str, Any]) -> SandboxResult:
        verdict: Verdict = self._verdict or told.get("verdict", "lost")
        values = {"seconds": job.seconds, "output_mb": self._limits.output_mb, **{
            name: getattr(job, name) for name in ("memory_mb", "processes")
        }}  # fmt: skip
        return SandboxResult(
            code=told.get("code"),
            stdout=self._stdout.text,
            stderr=self._stderr.text,
            verdict=verdict,
            reason=REASONS[verdict].format(**values) if verdict else "",
            confinement=told.get("confinement", "nothing"),
            missing=tuple(told.get("missing", ())),
        )


async def _lines(status: int) -> list[dict[str, Any]]:
    """What the launcher tells, to its end."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(status, "rb", buffering=0)
    )
    try:
        return [json.loads(line) async for line in reader]
    finally:
        transport.close()


def _merged(lines: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {name: value for line in lines for name, value in line.items()}


def interpreter_folders() -> list[str]:
    """The folders that Python needs to run here: its own, and that of the virtual environment."""
    real = Path(sys.executable).resolve().parents[1]
    folders = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.base_exec_prefix), real}
    resolved = {folder.resolve() for folder in folders} | folders
    return sorted(str(folder) for folder in resolved if folder != Path(folder.anchor))
