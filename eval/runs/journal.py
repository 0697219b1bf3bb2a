"""What a system did, case by case, kept on disk while a run goes on: a run that is killed goes on where it was."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import IO, Self

from pydantic import ValidationError

from eval.observation import Observation, observation_from_json, observation_to_json
from knowledge.errors import StorageError


class Journal:
    """One JSON object a line: the digest of a case and what was observed. A context manager; thread-safe.

    A line that was cut off by a kill, or that another version wrote, counts as not there. Failures are not kept, so
    that they are tried again.
    """

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        self.path = path
        self._fresh = fresh
        self._lock = Lock()
        self._file: IO[str] | None = None
        self._seen: dict[str, Observation] = {}

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self._fresh:
                self.path.unlink(missing_ok=True)
            self._seen = dict(_read(self.path))
            self._file = self.path.open("a", encoding="utf-8")
            if self.path.stat().st_size:
                self._file.write("\n")  # closes a line that a kill cut off; blank lines do not count
        except OSError as error:
            raise StorageError(f"{self.path}: cannot be written: {error.strerror}.") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()
            self._file = None

    def forget(self) -> None:
        """Removes the file: a later run asks everything again."""
        self.path.unlink(missing_ok=True)

    def get(self, key: str) -> Observation | None:
        """What was observed of the case with the digest `key`."""
        return self._seen.get(key)

    def put(self, key: str, seen: Observation) -> None:
        """Keeps what was observed; on disk when this returns."""
        line = json.dumps({"case": key, "seen": observation_to_json(seen)}, ensure_ascii=False)
        with self._lock:
            self._seen[key] = seen
            if self._file:
                self._file.write(f"{line}\n")
                self._file.flush()
                os.fsync(self._file.fileno())


def _read(path: Path) -> Mapping[str, Observation]:
    found: dict[str, Observation] = {}
    if not path.is_file():
        return found
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                row = json.loads(line)
                found[row["case"]] = observation_from_json(row["seen"])
            except (ValueError, KeyError, TypeError, ValidationError):
                continue
    return found
