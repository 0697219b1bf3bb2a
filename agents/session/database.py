"""SQLite files of this layer: opened once a process, with errors that say what to do."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

from agents.exceptions import StateError
from knowledge.errors import StorageError

WAIT_SECONDS = 30.0


class Database:
    """One SQLite file with a schema of its own, at `version`. Thread-safe; survives a fork by opening anew.

    Raises `StateError` for a file that is something else or was made by a later version, `StorageError` where the
    disk refuses.
    """

    def __init__(self, path: Path, schema: str, *, application: int, version: int = 1) -> None:
        self.path = path
        self._schema = schema
        self._application = application
        self._version = version
        self._lock = RLock()
        self._connection: sqlite3.Connection | None = None
        self._pid = 0

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, for this thread alone."""
        with self._lock, self._failures():
            yield self._open()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """As `reading`, within one transaction: all of it happens, or none."""
        with self._lock, self._failures():
            connection = self._open()
            if connection.in_transaction:
                yield connection
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            if self._connection is not None and self._pid == os.getpid():
                self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None or self._pid != os.getpid():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                self.path, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=32
            )
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection, self._pid = connection, os.getpid()
        return self._connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        # At one moment: another process may be about to make the same database.
        connection.execute("BEGIN")
        [application] = connection.execute("PRAGMA application_id").fetchone()
        [version] = connection.execute("PRAGMA user_version").fetchone()
        [tables] = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        connection.execute("COMMIT")
        if application != self._application and tables:
            raise StateError(f"{self.path} is a database of something else:", hint="name another file.")
        if version > self._version:
            raise StateError(f"{self.path} was made by a later version:", hint="upgrade Refdesk.")
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        if tables:
            connection.executescript(self._schema)
            return
        named = f"PRAGMA application_id = {self._application}; PRAGMA user_version = {self._version}"
        connection.executescript(f"BEGIN IMMEDIATE; {named}; {self._schema}; COMMIT")

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise StorageError(
                f"{self.path} cannot be used: {error}:", hint="free space, or ask for access."
            ) from error
        except sqlite3.DatabaseError as error:
            raise StateError(f"{self.path} is no database: {error}:", hint="name another file.") from error
        except OSError as error:
            raise StorageError(
                f"{self.path} cannot be used: {error.strerror}:", hint="choose another place."
            ) from error


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Write-ahead logging; while another process makes the same database SQLite refuses it at once, without waiting."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        time.sleep(0.01)
