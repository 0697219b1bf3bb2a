"""A folder that tools may work in: reading, writing and running code there, and nowhere else."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from agents.exceptions import ToolError
from agents.tool.builtin import execution, text_files
from agents.tool.response import ToolResponse
from agents.tool.sandbox.limits import SandboxLimits

EMPTY = "The current folder holds more than code should see, so it ran in an empty one; use Workspace(folder)."


@dataclass(frozen=True)
class Workspace:
    """The tools for files and code, bound to one folder: register `Workspace(path).view_text_file` and its like.

    `limits` holds for code that is run.
    """

    path: Path | str
    limits: SandboxLimits = field(default_factory=SandboxLimits)

    def __post_init__(self) -> None:
        folder = Path(self.path).expanduser().resolve()
        if not folder.is_dir():
            raise ToolError(f"The workspace {self.path} is no folder:", hint="make it first.")
        object.__setattr__(self, "path", folder)

    @property
    def folder(self) -> Path:
        """The folder, without links in its path."""
        return Path(self.path)

    async def execute_python_code(self, code: str, timeout: float = 300) -> ToolResponse:
        """Execute Python code in a sandbox, and return its exit code and what it printed; use `print` to see values.

        The code may read and write files in the workspace, has no network, and is stopped after `timeout` seconds.

        Args:
            code: The Python code.
            timeout: How many seconds it may take.
        """
        return await execution.python(self.folder, self.limits, code, timeout)

    async def execute_shell_command(self, command: str, timeout: float = 300) -> ToolResponse:
        """Execute a shell command in a sandbox, and return its exit code and output.

        The command may read and write files in the workspace, has no network, and is stopped after `timeout` seconds.

        Args:
            command: The command, for bash.
            timeout: How many seconds it may take.
        """
        return await execution.shell(self.folder, self.limits, command, timeout)

    def view_text_file(self, file_path: str, ranges: list[int] | None = None) -> ToolResponse:
        """View a text file of the workspace with line numbers.

        Args:
            file_path: The file, relative to the workspace.
            ranges: The first and the last line to show, such as [1, 100]; negative numbers count from the end.
        """
        return text_files.view(self.folder, file_path, ranges)

    def write_text_file(self, file_path: str, content: str, ranges: list[int] | None = None) -> ToolResponse:
        """Write a text file of the workspace, or replace some of its lines.

        Args:
            file_path: The file, relative to the workspace; folders that are missing are made.
            content: The text.
            ranges: The first and the last line to replace, such as [3, 5]; without it the whole file is written.
        """
        return text_files.write(self.folder, file_path, content, ranges)

    def insert_text_file(self, file_path: str, content: str, line_number: int) -> ToolResponse:
        """Insert text into a text file of the workspace.

        Args:
            file_path: The file, relative to the workspace.
            content: The text.
            line_number: The line before which it is inserted, from 1; one more than the last line appends it.
        """
        return text_files.insert(self.folder, file_path, content, line_number)


def here() -> Workspace:
    """The current folder as a workspace."""
    return Workspace(Path.cwd())


@contextlib.contextmanager
def here_for_code() -> Iterator[tuple[Workspace, str]]:
    """The current folder as a workspace for code, and a note: an empty folder where it is the home folder or above."""
    current = Path.cwd().resolve()
    home = Path(os.path.expanduser("~")).resolve()  # noqa: PTH111  # `Path.home` raises where there is none
    if not home.is_relative_to(current):
        yield Workspace(current), ""
        return
    with tempfile.TemporaryDirectory(prefix="workspace-") as folder:
        yield Workspace(folder), EMPTY
