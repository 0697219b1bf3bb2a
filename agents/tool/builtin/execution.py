"""Runs code and commands in the sandbox, and tells a model what came of it."""

from __future__ import annotations

from pathlib import Path

from agents.tool.response import ToolResponse
from agents.tool.sandbox.limits import SandboxLimits
from agents.tool.sandbox.result import SandboxResult
from agents.tool.sandbox.sandbox import Sandbox


async def python(workspace: Path, limits: SandboxLimits, code: str, timeout: float) -> ToolResponse:
    """What came of running Python code in `workspace`."""
    return _told(await Sandbox(workspace, limits).run_python(code, timeout=timeout))


async def shell(workspace: Path, limits: SandboxLimits, command: str, timeout: float) -> ToolResponse:
    """What came of running a command in `workspace`."""
    return _told(await Sandbox(workspace, limits).run_shell(command, timeout=timeout))


def _told(result: SandboxResult) -> ToolResponse:
    text = result.as_text()
    if result.missing:
        text += f"<sandbox>confined by {result.confinement}; not held: {'; '.join(result.missing)}</sandbox>"
    metadata = {
        "code": result.code,
        "verdict": result.verdict,
        "confinement": result.confinement,
        "missing": list(result.missing),
    }
    return ToolResponse(text, metadata, is_error=not result.ok, value=text)
