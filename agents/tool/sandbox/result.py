"""What came of a run in the sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["", "time", "memory", "processes", "output", "cancelled", "lost"]


@dataclass(frozen=True, slots=True)
class SandboxResult:
    """Exit code, None where there is none, and output, shortened where it is long.

    `verdict` says why the run was stopped, empty where it ended by itself; `missing` what it was not kept from.
    """

    code: int | None
    stdout: str
    stderr: str
    verdict: Verdict
    reason: str
    confinement: str
    missing: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether it ended by itself and successfully."""
        return not self.verdict and self.code == 0

    def as_text(self) -> str:
        """The result for a model: exit code, output and errors in tags, and in words why it was stopped."""
        code = self.code if not self.verdict and self.code is not None else -1
        stderr = "\n".join(part for part in (self.stderr.rstrip("\n"), self.reason) if part)
        return f"<returncode>{code}</returncode><stdout>{self.stdout}</stdout><stderr>{stderr}</stderr>"
