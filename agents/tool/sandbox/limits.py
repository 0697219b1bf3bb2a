"""What code may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """Seconds for the whole run, megabytes of memory for all its processes together and of each file that is written,
    number of processes, and megabytes of output after which it is stopped."""

    seconds: float = 300.0
    memory_mb: int = 2048
    file_mb: int = 100
    processes: int = 64
    output_mb: int = 16
