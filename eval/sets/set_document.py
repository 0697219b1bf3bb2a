"""A document that a set brings along."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SetDocument:
    """A document by the name that gold evidence uses: a file, or a passage with its text."""

    name: str
    title: str
    bank: str | None = None
    path: Path | None = None
    text: str = ""

    def content(self) -> bytes:
        """The document's bytes."""
        return self.path.read_bytes() if self.path else self.text.encode()
