"""The conversations that a studio was told of, in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.studio.events import MessageEvent
from agents.tracing.log_file import LogFile

SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    project TEXT NOT NULL,
    run TEXT NOT NULL,
    speaker TEXT NOT NULL,
    role TEXT NOT NULL,
    listener TEXT NOT NULL,
    text TEXT NOT NULL,
    blocks TEXT NOT NULL,
    time TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cost REAL,
    UNIQUE (run_id, message_id)
);
CREATE INDEX IF NOT EXISTS messages_by_run ON messages (run_id, number);
"""
COLUMNS = "number, project, run, run_id, speaker, role, listener, text, blocks, time, input_tokens, output_tokens, cost"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a project: what was said in it and what that took. `cost` is in dollars, None where it is unknown."""

    project: str
    run: str
    run_id: str
    messages: int
    speakers: int
    input_tokens: int
    output_tokens: int
    cost: float | None
    begin: str
    last: str


class StudioStore:
    """Messages at `path`. The oldest beyond `keep` are dropped. Raises `StateError` for a file that cannot be used."""

    def __init__(self, path: Path | str, *, keep: int = 100_000) -> None:
        self._file = LogFile(path, SCHEMA, what="Conversations")
        self._keep = keep

    @property
    def path(self) -> Path:
        """Where they are."""
        return self._file.path

    def add(self, event: MessageEvent) -> bool:
        """Keep a message; False where this run's message is there already."""
        with self._file.connected() as connection, connection:
            done = connection.execute(
                "INSERT OR IGNORE INTO messages (run_id, message_id, project, run, speaker, role, listener, text, "
                "blocks, time, input_tokens, output_tokens, cost) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                _row(event),
            )
            connection.execute(
                "DELETE FROM messages WHERE number <= (SELECT max(number) FROM messages) - ?", (self._keep,)
            )
            return done.rowcount > 0

    def messages(self, *, after: int = 0, run_id: str | None = None, limit: int = 500) -> list[dict[str, Any]]:
        """Messages with a number above `after`, in order; without `after` the latest. Of one run, or of all."""
        where, given = ("AND run_id = ?", [run_id]) if run_id is not None else ("", [])
        order = "number" if after else "number DESC"
        query = f"SELECT {COLUMNS} FROM messages WHERE number > ? {where} ORDER BY {order} LIMIT ?"
        with self._file.connected() as connection:
            connection.row_factory = sqlite3.Row
            found = [dict(row) for row in connection.execute(query, (after, *given, limit))]
        for message in found:
            message["blocks"] = json.loads(message["blocks"])
        return found if after else found[::-1]

    def runs(self, *, limit: int = 100) -> list[Run]:
        """The latest runs, newest first."""
        query = """
            SELECT max(project), max(run), run_id, count(*), count(DISTINCT speaker), sum(input_tokens),
                   sum(output_tokens), sum(cost), min(time), max(time)
            FROM messages GROUP BY run_id ORDER BY max(number) DESC LIMIT ?
        """
        with self._file.connected() as connection:
            return [Run(*row) for row in connection.execute(query, (limit,))]


def _row(event: MessageEvent) -> tuple[Any, ...]:
    return (
        event.run_id,
        event.id,
        event.project,
        event.run,
        event.speaker,
        event.role,
        event.listener,
        event.text,
        json.dumps(event.blocks),
        event.time,
        event.usage.input_tokens,
        event.usage.output_tokens,
        event.usage.cost,
    )
