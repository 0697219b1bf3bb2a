"""Views and changes text files by lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agents.exceptions import ToolError
from agents.tool.builtin import rooted
from agents.tool.response import ToolResponse

MOST_BYTES = 10_000_000
AROUND = 3


def view(root: Path, path: str, ranges: Sequence[int] | None) -> ToolResponse:
    """The lines of a file, those in `ranges` where it is given, with their numbers."""
    lines = _lines(root, path)
    if not lines:
        return ToolResponse(f"{path} is empty.")
    first, last = (1, len(lines)) if ranges is None else _span(ranges, len(lines), path)
    part = f" (lines {first} to {last} of {len(lines)})" if ranges is not None else ""
    return ToolResponse(f"The content of {path}{part}:\n```\n{_numbered(lines, first, last)}\n```")


def write(root: Path, path: str, content: str, ranges: Sequence[int] | None) -> ToolResponse:
    """Replace a file, or its lines in `ranges`."""
    if ranges is None:
        rooted.write(root, path, _bytes(content))
        return ToolResponse(f"Wrote {path} ({content.count(chr(10)) + bool(content)} lines).")
    lines = _lines(root, path)
    first, last = _span(ranges, len(lines), path)
    return _changed(root, path, [*lines[: first - 1], *_split(content), *lines[last:]], first, len(_split(content)))


def insert(root: Path, path: str, content: str, line_number: int) -> ToolResponse:
    """Insert text before a line of a file."""
    lines = _lines(root, path)
    if not 1 <= line_number <= len(lines) + 1:
        raise ToolError(f"{path} has {len(lines)} lines:", hint=f"insert at a line from 1 to {len(lines) + 1}.")
    new = _split(content)
    before = lines[: line_number - 1]
    return _changed(root, path, [*before, *new, *lines[line_number - 1 :]], line_number, len(new))


def _changed(root: Path, path: str, lines: list[str], first: int, count: int) -> ToolResponse:
    ended = [line if line.endswith("\n") else line + "\n" for line in lines[:-1]] + lines[-1:]
    rooted.write(root, path, _bytes("".join(ended)))
    start, end = max(first - AROUND, 1), min(first + count - 1 + AROUND, len(ended))
    return ToolResponse(f"Changed {path}; it now reads around the change:\n```\n{_numbered(ended, start, end)}\n```")


def _lines(root: Path, path: str) -> list[str]:
    data = rooted.read(root, path, most=MOST_BYTES)
    try:
        return _split(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ToolError(f"{path} is not UTF-8 text:", hint="read it with `execute_python_code`.") from error


def _split(text: str) -> list[str]:
    """Lines with their ends; only a newline ends one, as for every program that counts lines."""
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _span(ranges: Sequence[int], count: int, path: str) -> tuple[int, int]:
    if len(ranges) != 2:
        raise ToolError("`ranges` holds two numbers, the first and the last line, such as [1, 100].")
    first, last = (value + count + 1 if value < 0 else value for value in ranges)
    if not 1 <= first <= min(last, count):
        raise ToolError(f"{path} has {count} lines:", hint=f"the lines {list(ranges)} are not among them.")
    return first, min(last, count)


def _numbered(lines: Sequence[str], first: int, last: int) -> str:
    return "\n".join(f"{number}: {lines[number - 1].rstrip(chr(10))}" for number in range(first, last + 1))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
