"""Finished spans in one SQLite file on this machine, for a dashboard to read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agents.tracing.log_file import LogFile
from agents.tracing.record import SpanRecord, TraceSummary, summarised

SCHEMA = """
CREATE TABLE IF NOT EXISTS spans (
    id INTEGER PRIMARY KEY,
    trace_id TEXT NOT NULL,
    span_id TEXT NOT NULL,
    parent_id TEXT NOT NULL,
    name TEXT NOT NULL,
    start REAL NOT NULL,
    seconds REAL NOT NULL,
    service TEXT NOT NULL,
    error TEXT NOT NULL,
    attributes TEXT NOT NULL,
    UNIQUE (trace_id, span_id)
);
"""
COLUMNS = "trace_id, span_id, parent_id, name, start, seconds, service, error, attributes"
# Of larger traces the first spans are summed up.
MOST_SUMMED_UP = 50_000


class TraceStore:
    """Spans at `path`: any number of processes may add and read. The oldest beyond `keep` spans are dropped.

    Raises `StateError` for a file that cannot be used.
    """

    def __init__(self, path: Path | str, *, keep: int = 200_000) -> None:
        self._file = LogFile(path, SCHEMA, what="Traces")
        self._keep = keep
        self._summaries: dict[tuple[str, int], TraceSummary] = {}

    @property
    def path(self) -> Path:
        """Where they are."""
        return self._file.path

    def add(self, spans: Sequence[SpanRecord]) -> None:
        """Keep these spans; one that is there already is not added again."""
        with self._file.connected() as connection, connection:
            connection.executemany(
                f"INSERT OR IGNORE INTO spans ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", map(_row, spans)
            )
            connection.execute("DELETE FROM spans WHERE id <= (SELECT max(id) FROM spans) - ?", (self._keep,))

    def traces(self, *, limit: int = 100) -> list[TraceSummary]:
        """The latest traces, newest first."""
        latest = "SELECT trace_id, max(id) FROM spans GROUP BY trace_id ORDER BY max(id) DESC LIMIT ?"
        with self._file.connected() as connection:
            found = list(connection.execute(latest, (limit,)))
            known = self._summaries
            # Whoever looks on asks again and again, and few traces have grown meanwhile.
            self._summaries = {
                key: known.get(key) or summarised(_spans(connection, key[0], MOST_SUMMED_UP)) for key in found
            }
        return list(self._summaries.values())

    def spans(self, trace_id: str, *, limit: int = 5000) -> list[SpanRecord]:
        """The first spans of one trace, in the order in which they began; none for a trace that is not there."""
        with self._file.connected() as connection:
            return _spans(connection, trace_id, limit)


def _spans(connection: sqlite3.Connection, trace_id: str, limit: int) -> list[SpanRecord]:
    query = f"SELECT {COLUMNS} FROM spans WHERE trace_id = ? ORDER BY start, id LIMIT ?"
    rows = connection.execute(query, (trace_id, limit))
    names = COLUMNS.split(", ")
    return [SpanRecord(**(dict(zip(names, row, strict=True)) | {"attributes": json.loads(row[-1])})) for row in rows]


def _row(span: SpanRecord) -> tuple[Any, ...]:
    return (
        span.trace_id,
        span.span_id,
        span.parent_id,
        span.name,
        span.start,
        span.seconds,
        span.service,
        span.error,
        json.dumps(dict(span.attributes), ensure_ascii=False, default=str),
    )
