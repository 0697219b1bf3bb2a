"""What belongs to a copy: all that stands below the library's root and cannot be made anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from serve.handover.entries import FOLDER as ENTRIES
from serve.store.jobs import UPLOADS

# Settings, model lists and evaluation cases that stand beside refdesk.yaml.
BESIDE = frozenset({".yaml", ".yml", ".json", ".jsonl"})
FOLDERS = (UPLOADS, ENTRIES, "eval")
Kind = Literal["sqlite", "file"]


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of a copy: where it is, and its path below the root of the copy."""

    source: Path
    path: str
    kind: Kind


def pieces(root: Path, database: Path | None) -> Iterator[Piece]:
    """Every piece once, in the order in which they are copied.

    `database` is the service's own file, if it is one. It is copied first: whatever it speaks of then stands in the
    banks and folders that follow. Postings and Chroma's mirrors are left out, since catalogs hold all they are made of.
    """
    seen: set[str] = set()
    for piece in _candidates(root, database):
        if piece.path not in seen and piece.source.is_file() and not piece.source.is_symlink():
            seen.add(piece.path)
            yield piece


def _candidates(root: Path, database: Path | None) -> Iterator[Piece]:
    if database is not None:
        inside = database.is_relative_to(root)
        yield Piece(database, database.relative_to(root).as_posix() if inside else database.name, "sqlite")
    catalogs = sorted(root.glob("banks/*/catalog.sqlite"))
    for found in (*catalogs, *sorted(root.glob("*.sqlite"))):
        yield Piece(found, found.relative_to(root).as_posix(), "sqlite")
    for found in sorted(root.iterdir()):
        if found.suffix.lower() in BESIDE:
            yield _file(root, found)
    for folder in FOLDERS:
        for found in sorted((root / folder).rglob("*")):
            yield _file(root, found)
    for catalog in catalogs:
        yield from _originals(root, catalog)


def _originals(root: Path, catalog: Path) -> Iterator[Piece]:
    """The files below the root that a bank was read from: its citations open them."""
    with closing(sqlite3.connect(f"{catalog.as_uri()}?mode=ro", uri=True)) as connection:
        uris = [row[0] for row in connection.execute("SELECT DISTINCT uri FROM place ORDER BY uri")]
    for uri in uris:
        path = Path(uri)
        if path.is_absolute() and path.is_relative_to(root) and ".." not in path.parts:
            yield _file(root, path)


def _file(root: Path, path: Path) -> Piece:
    return Piece(path, path.relative_to(root).as_posix(), "file")
