"""Sessions in one SQLite file."""

from __future__ import annotations

import os
from pathlib import Path

from agents.session.database import Database
from agents.session.session import SessionBase

APPLICATION = 0x7264_7331
SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
    user TEXT NOT NULL,
    session TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (user, session)
) WITHOUT ROWID;
"""


class SQLiteSession(SessionBase):
    """Every session a row of the file `path`, which several processes may use."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).expanduser().absolute()
        self._database = Database(self.path, SCHEMA, application=APPLICATION)

    def session_ids(self, user_id: str = "") -> list[str]:
        with self._database.reading() as connection:
            rows = connection.execute("SELECT session FROM sessions WHERE user = ? ORDER BY session", [user_id])
            return [session for [session] in rows]

    def delete_session(self, session_id: str, user_id: str = "") -> None:
        with self._database.writing() as connection:
            connection.execute("DELETE FROM sessions WHERE user = ? AND session = ?", [user_id, session_id])

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._database.close()

    def _store(self, session_id: str, user_id: str, content: bytes) -> None:
        with self._database.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?)", [user_id, session_id, content])

    def _fetch(self, session_id: str, user_id: str) -> bytes | None:
        with self._database.reading() as connection:
            query = "SELECT content FROM sessions WHERE user = ? AND session = ?"
            row = connection.execute(query, [user_id, session_id]).fetchone()
        return None if row is None else bytes(row[0])
