"""One SQLite file to which any number of processes add, and whose oldest rows are dropped."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from agents.exceptions import StateError

WAIT_SECONDS = 10.0


class LogFile:
    """The file at `path` with `schema`; `what` is what it holds, for errors.

    Raises `StateError` for a file that cannot be used or was written by a newer version.
    """

    def __init__(self, path: Path | str, schema: str, *, what: str, version: int = 1) -> None:
        self.path = Path(path).expanduser()
        self._what = what
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StateError(f"{what} cannot be kept at {self.path}: {error.strerror}.") from error
        with self.connected() as connection:
            [found] = connection.execute("PRAGMA user_version").fetchone()
            if found > version:
                raise StateError(f"{self.path} was written by a newer version:", hint="update Refdesk.")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(schema)
            connection.execute(f"PRAGMA user_version={version}")

    @contextmanager
    def connected(self) -> Iterator[sqlite3.Connection]:
        """A connection that is closed afterwards; used as a context itself, it is one transaction."""
        try:
            with closing(sqlite3.connect(self.path, timeout=WAIT_SECONDS)) as connection:
                connection.execute("PRAGMA synchronous=NORMAL")
                yield connection
        except sqlite3.Error as error:
            raise StateError(f"{self._what} at {self.path} cannot be used: {error}.") from error
