"""Many conversations in one SQLite file."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from agents.memory.memory import CONTENT, MemoryBase, unknown
from agents.memory.records import from_record, to_line
from agents.message.msg import Msg
from agents.session.database import Database
from knowledge.errors import UsageError

APPLICATION = 0x7264_6D31
SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    conversation TEXT NOT NULL,
    position INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (conversation, position)
) WITHOUT ROWID;
"""


class SQLiteMemory(MemoryBase):
    """The messages of one conversation among many in the file `path`.

    What a call has added survives a kill of the process, and every process sees it at once. Raises `StateError` for a
    file that is something else, `StorageError` where the disk refuses.
    """

    TRANSIENT: ClassVar[frozenset[str]] = frozenset({CONTENT, "path", "conversation"})
    persistent: ClassVar[bool] = True

    def __init__(self, path: str | os.PathLike[str], conversation: str = "default") -> None:
        super().__init__()
        if not isinstance(conversation, str) or not conversation:
            raise UsageError("A conversation is named by a text that is not empty.")
        self.path = Path(path).expanduser().absolute()
        self.conversation = conversation
        self._database = Database(self.path, SCHEMA, application=APPLICATION)
        self._held: list[Msg] = []
        self._ids: set[str] = set()
        self._last = -1
        self._seen: tuple[int, int] | None = None
        with self._database.reading():
            pass  # says at once what is wrong with the file

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self.path), self.conversation)

    def conversations(self) -> list[str]:
        """The names of all conversations in the file that hold a message."""
        with self._database.reading() as connection:
            return [name for [name] in connection.execute("SELECT DISTINCT conversation FROM messages ORDER BY 1")]

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._database.close()

    def _read(self) -> list[Msg]:
        with self._lock, self._database.reading() as connection:
            self._refresh(connection)
            return list(self._held)

    def _append(self, messages: list[Msg], *, duplicates: bool) -> None:
        with self._lock:
            with self._database.writing() as connection:
                self._refresh(connection)
                new = messages if duplicates else unknown(messages, self._ids)
                self._seen, seen = None, self._seen  # until it is committed
                self._insert(connection, new, self._last + 1)
            self._held.extend(new)
            self._ids.update(msg.id for msg in new)
            self._last += len(new)
            self._seen = seen

    def _replace(self, messages: list[Msg]) -> None:
        with self._lock, self._database.writing() as connection:
            self._seen = None
            connection.execute("DELETE FROM messages WHERE conversation = ?", [self.conversation])
            self._insert(connection, messages, 0)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._lock, self._database.writing():
            yield

    def _insert(self, connection: sqlite3.Connection, messages: list[Msg], first: int) -> None:
        rows = [(self.conversation, at, to_line(msg)) for at, msg in enumerate(messages, first)]
        connection.executemany("INSERT INTO messages VALUES (?, ?, ?)", rows)

    def _refresh(self, connection: sqlite3.Connection) -> None:
        """Read again where another connection has written, which SQLite tells by a number of its own."""
        [version] = connection.execute("PRAGMA data_version").fetchone()
        seen = (id(connection), version)
        if seen == self._seen:
            return
        rows = connection.execute(
            "SELECT position, record FROM messages WHERE conversation = ? ORDER BY position", [self.conversation]
        ).fetchall()
        self._held = [from_record(json.loads(record)) for _, record in rows]
        self._ids = {msg.id for msg in self._held}
        self._last = rows[-1][0] if rows else -1
        self._seen = seen
