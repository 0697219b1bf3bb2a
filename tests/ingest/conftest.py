"""A folder of small documents and a bank that embeds at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from knowledge.bank import KnowledgeBank
from knowledge.library import Library
from knowledge.testing import HashingEmbedder

LONG_AGO = 1_600_000_000


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "root", embedders=lambda _spec: HashingEmbedder())


@pytest.fixture
def bank(library: Library) -> KnowledgeBank:
    return library.create("hr")


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """Five documents, written long ago."""
    folder = tmp_path / "docs"
    for name in ("annual leave", "remote work", "travel/trains", "travel/planes", "pay"):
        write(folder / f"{name}.md", f"# {name.title()}\n\nThe rules about {name} are simple and fair.\n")
    return folder


def write(path: Path, text: str | bytes, *, when: int = LONG_AGO) -> Path:
    """Writes a file whose time stamp is beyond doubt; each `when` is another version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    os.utime(path, (when, when))
    return path
