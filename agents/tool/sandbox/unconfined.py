"""Runs a program on a system that can hold it to nothing but its time; for Windows."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psutil

from agents.tool.sandbox.job import SCRATCH, SCRIPT
from agents.tool.sandbox.output import Output
from agents.tool.sandbox.result import SandboxResult

MISSING = (
    "this system offers no confinement: files outside the workspace, the network and other processes can be reached",
    "memory and the number of processes are not watched",
)
MOST = 16 << 20


async def run_unconfined(
    arguments: Sequence[str], workspace: Path, script: str | None, seconds: float
) -> SandboxResult:
    """Run a program in `workspace` with an empty environment, and kill it and all it started after `seconds`."""
    scratch = Path(tempfile.mkdtemp(prefix="sandbox-"))
    try:
        if script is not None:
            (scratch / "main.py").write_text(script, encoding="utf-8", errors="surrogatepass")
        words = [word.replace(SCRIPT, str(scratch / "main.py")).replace(SCRATCH, str(scratch)) for word in arguments]
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=workspace,
            env=_environment(scratch),
        )
        return await _watched(process, seconds)
    finally:
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)


async def _watched(process: asyncio.subprocess.Process, seconds: float) -> SandboxResult:
    assert process.stdout is not None
    assert process.stderr is not None
    stdout, stderr = (Output(most=MOST, too_much=lambda: kill_tree(process.pid)) for _ in range(2))
    reading = asyncio.gather(stdout.read(process.stdout), stderr.read(process.stderr))
    late = False
    try:
        await asyncio.wait_for(process.wait(), seconds)
    except TimeoutError:
        late = True
    finally:
        kill_tree(process.pid)
        await process.wait()
        await asyncio.wait({reading}, timeout=1.0)
        reading.cancel()
    reason = f"TimeoutError: The code execution exceeded the timeout of {seconds:g} seconds." if late else ""
    verdict = "time" if late else "output" if max(stdout.size, stderr.size) > MOST else ""
    return SandboxResult(process.returncode, stdout.text, stderr.text, verdict, reason, "nothing", MISSING)  # type: ignore[arg-type]  # a verdict


def kill_tree(pid: int) -> None:
    """Kill a process and all that descend from it."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for item in (*process.children(recursive=True), process):
            with contextlib.suppress(psutil.NoSuchProcess):
                item.kill()


def _environment(scratch: Path) -> dict[str, str]:
    """What programs need to start; Windows finds its own libraries by SYSTEMROOT."""
    import ntpath

    fixed = {"TEMP": str(scratch), "TMP": str(scratch), "PATH": str(Path(sys.executable).parent)}
    fixed["SYSTEMROOT"] = ntpath.join("C:\\", "Windows")
    return {**fixed, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8:replace"}
