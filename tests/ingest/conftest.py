"""A folder of small documents and a bank that embeds at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.bank import KnowledgeBank
from knowledge.library import Library
from knowledge.testing import HashingEmbedder
from tests.ingest.writing import write


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
