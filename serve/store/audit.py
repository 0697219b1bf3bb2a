"""The audit log: who did what, when and from where. Entries are added and read, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Row, String, Table, delete, insert, select

from serve.store.database import Database
from serve.store.schema import Json, Moment, Sequence, metadata, now

LONGEST = 300

audit = Table(
    "audit",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("action", String(100), nullable=False),
    Column("actor", String(LONGEST), nullable=False),
    Column("address", String(100), nullable=False),
    Column("target", String(LONGEST), nullable=False),
    Column("details", Json, nullable=False),
    Index(None, "at"),
    Index(None, "action", "at"),
)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that was done: `action` as `noun.verb`, by `actor`, from `address`, to `target`."""

    seq: int
    at: datetime
    action: str
    actor: str
    address: str
    target: str
    details: Mapping[str, Any]


class AuditTable:
    """The table of what was done."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, action: str, *, actor: str, address: str, target: str, details: Mapping[str, Any]) -> None:
        """Keep it; it is on disk when this returns."""
        entry = {"at": now(), "action": action, "actor": actor[:LONGEST], "address": address[:100]}
        with self._database.writing() as connection:
            connection.execute(insert(audit).values(**entry, target=target[:LONGEST], details=dict(details)))

    def entries(
        self, *, since: datetime | None = None, action: str = "", actor: str = "", limit: int = 100
    ) -> tuple[AuditEntry, ...]:
        """The newest entries, newest first: of an action or all those of a noun, and of one actor."""
        wanted = select(audit).order_by(audit.c.seq.desc()).limit(limit)
        if since is not None:
            wanted = wanted.where(audit.c.at >= since)
        if action:
            wanted = wanted.where((audit.c.action == action) | audit.c.action.startswith(f"{action}.", autoescape=True))
        if actor:
            wanted = wanted.where(audit.c.actor == actor)
        with self._database.reading() as connection:
            return tuple(_entry(row) for row in connection.execute(wanted).all())

    def forget(self, *, before: datetime) -> int:
        """Delete what is older; how many entries that were."""
        with self._database.writing() as connection:
            return connection.execute(delete(audit).where(audit.c.at < before)).rowcount


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(**{name: row._mapping[name] for name in AuditEntry.__slots__})
