"""Files whose time stamps are beyond doubt. It loads nothing heavy: processes that tests start write them too."""

from __future__ import annotations

import os
from pathlib import Path

LONG_AGO = 1_600_000_000


def write(path: Path, text: str | bytes, *, when: int = LONG_AGO) -> Path:
    """Writes a file whose time stamp is beyond doubt; each `when` is another version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    os.utime(path, (when, when))
    return path
