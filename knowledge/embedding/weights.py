"""Hashes of weight files, computed once and remembered while a file keeps its size and time."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from knowledge.errors import EmbedderError, StorageError


def sha256_of(path: Path, *, cache_dir: Path) -> str:
    """The SHA-256 of a file; read again only after its size or modification time has changed."""
    try:
        stat = path.stat()
        stamp = {"path": str(path.resolve()), "size": stat.st_size, "mtime_ns": stat.st_mtime_ns}
        note = Note(cache_dir / "hashes", key=str(stamp["path"]))
        known = note.read()
        if all(known.get(name) == value for name, value in stamp.items()):
            return str(known["sha256"])
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EmbedderError(
            f"The embedding model's file {path} cannot be read ({error.strerror}):", hint="install the model again."
        ) from error
    note.write({**stamp, "sha256": digest})
    return digest


class Note:
    """A small fact kept in a file of its own, so that processes side by side never see half of one."""

    def __init__(self, folder: Path, *, key: str) -> None:
        self._path = folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"

    def read(self) -> dict[str, Any]:
        """What was written last; empty when nothing was or it cannot be understood."""
        try:
            fact = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return fact if isinstance(fact, dict) else {}

    def write(self, fact: Mapping[str, Any]) -> None:
        """Replaces the fact as a whole."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=self._path.parent, delete=False, encoding="utf-8") as file:
                json.dump(fact, file)
            Path(file.name).replace(self._path)
        except OSError as error:
            raise StorageError(
                f"The folder {self._path.parent} cannot be written ({error.strerror}):",
                hint="make room or choose another cache folder.",
            ) from error
