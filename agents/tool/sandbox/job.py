"""What the launcher is told to run, as one line of JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

SCRIPT = "{script}"
SCRATCH = "{scratch}"


@dataclass(frozen=True, slots=True)
class Job:
    """One run. In `arguments` and `environment`, `{script}` and `{scratch}` stand for the file that holds `script` and
    for the folder for temporary files, which the launcher knows when it has made them."""

    arguments: list[str]
    environment: dict[str, str]
    workspace: str
    scratch: str
    readable: list[str]
    script: str | None
    seconds: float
    memory_mb: int
    file_mb: int
    processes: int
    status: int
    namespaces: bool
    landlock: bool

    def to_line(self) -> bytes:
        """The job as the launcher reads it."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Job:
        """The job that `to_line` wrote."""
        data: dict[str, Any] = json.loads(line)
        return cls(**{item.name: data[item.name] for item in fields(cls)})

    def filled(self, words: str, scratch: str) -> str:
        """`words` with the two places filled in."""
        return words.replace(SCRIPT, f"{scratch}/main.py").replace(SCRATCH, scratch)
