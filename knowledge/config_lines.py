"""Finds the line of a settings file that a message is about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def line_of(path: Path, location: Sequence[str | int]) -> int | None:
    """The line, from 1, of what stands at `location` (keys and list positions) or of its nearest parent.

    None where the file cannot be read as YAML.
    """
    import yaml  # only once something is wrong

    try:
        node: Any = yaml.compose(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    line: int | None = None
    for part in location:
        found = _entry(node, part)
        if found is None:
            break
        line, node = found
    return line


def _entry(node: Any, part: str | int) -> tuple[int, Any] | None:
    """The line on which an entry of a YAML node begins, and its value."""
    import yaml

    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line + 1, node.value[part]
    return None
