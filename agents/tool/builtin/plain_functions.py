"""The tools for files and code as plain functions, at work in the current folder."""

from __future__ import annotations

from collections.abc import Callable

from agents.exceptions import ToolError
from agents.tool.builtin.workspace import here, here_for_code
from agents.tool.response import ToolResponse


async def execute_python_code(code: str, timeout: float = 300) -> ToolResponse:
    """Execute Python code in a sandbox, and return its exit code and what it printed; use `print` to see values.

    The code may read and write files in the current folder, has no network, and is stopped after `timeout` seconds.

    Args:
        code: The Python code.
        timeout: How many seconds it may take.
    """
    with here_for_code() as (workspace, note):
        return _noted(await workspace.execute_python_code(code, timeout), note)


async def execute_shell_command(command: str, timeout: float = 300) -> ToolResponse:
    """Execute a shell command in a sandbox, and return its exit code and output.

    The command may read and write files in the current folder, has no network, and is stopped after `timeout` seconds.

    Args:
        command: The command, for bash.
        timeout: How many seconds it may take.
    """
    with here_for_code() as (workspace, note):
        return _noted(await workspace.execute_shell_command(command, timeout), note)


def view_text_file(file_path: str, ranges: list[int] | None = None) -> ToolResponse:
    """View a text file with line numbers.

    Args:
        file_path: The file, in the current folder.
        ranges: The first and the last line to show, such as [1, 100]; negative numbers count from the end.
    """
    return _told(here().view_text_file, file_path, ranges)


def write_text_file(file_path: str, content: str, ranges: list[int] | None = None) -> ToolResponse:
    """Write a text file, or replace some of its lines.

    Args:
        file_path: The file, in the current folder; folders that are missing are made.
        content: The text.
        ranges: The first and the last line to replace, such as [3, 5]; without it the whole file is written.
    """
    return _told(here().write_text_file, file_path, content, ranges)


def insert_text_file(file_path: str, content: str, line_number: int) -> ToolResponse:
    """Insert text into a text file.

    Args:
        file_path: The file, in the current folder.
        content: The text.
        line_number: The line before which it is inserted, from 1; one more than the last line appends it.
    """
    return _told(here().insert_text_file, file_path, content, line_number)


def _told(work: Callable[..., ToolResponse], *arguments: object) -> ToolResponse:
    """What `work` gives; a refusal as the sentence that a model would read, to whoever calls the function directly."""
    try:
        return work(*arguments)
    except ToolError as error:
        return ToolResponse.error(error.sentence)


def _noted(response: ToolResponse, note: str) -> ToolResponse:
    if note:
        response.content = [*response.blocks, {"type": "text", "text": note}]
    return response
