"""What is kept of a person: their conversations with everything that hangs on them, to find, give out and delete."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, ForeignKey, String, Table, cast, delete, func, or_, select

from serve.store.conversations import conversations
from serve.store.database import Database
from serve.store.schema import metadata

# Rows are deleted so many conversations at a time, so that nobody waits long to write.
BATCH = 200


@dataclass(frozen=True, slots=True)
class Trace:
    """A conversation in which a person was found; `owner` is the id of whoever held it."""

    owner: str
    conversation: str
    title: str
    created: datetime


class People:
    """Conversations by whose they are."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def holding(self, words: str, *, limit: int = 100) -> tuple[Trace, ...]:
        """The conversations that hold these words, an address or a number for one, newest first."""
        held = [
            conversations.c.id.in_(select(key.parent).where(_holds(table, words)))
            for table, key in _hanging_on(conversations)
        ]
        wanted = select(conversations).where(or_(_holds(conversations, words), *held))
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(conversations.c.created.desc()).limit(limit)).all()
        return tuple(Trace(row.owner, row.id, row.title, row.created) for row in rows)

    def everything_of(self, owner: str) -> list[dict[str, Any]]:
        """Each of the person's conversations with every row that hangs on it, by table, oldest first."""
        with self._database.reading() as connection:
            wanted = select(conversations).where(conversations.c.owner == owner).order_by(conversations.c.created)
            return [with_belongings(connection, row._asdict()) for row in connection.execute(wanted).all()]

    def forget(self, owner: str) -> int:
        """Delete the person's conversations with everything that hangs on them; how many there were."""
        with self._database.writing() as connection:
            return connection.execute(delete(conversations).where(conversations.c.owner == owner)).rowcount

    def forget_unused_since(self, moment: datetime) -> int:
        """Delete conversations in which nothing was said since then; how many there were."""
        total = 0
        old = select(conversations.c.id).where(conversations.c.updated < moment).limit(BATCH)
        while True:
            with self._database.writing() as connection:
                found = connection.execute(delete(conversations).where(conversations.c.id.in_(old))).rowcount
            total += found
            if found < BATCH:
                return total


def with_belongings(connection: Connection, conversation: Mapping[str, Any]) -> dict[str, Any]:
    """A conversation's row with all rows that go when it goes, by the name of their table."""
    found: dict[Table, list[dict[str, Any]]] = {conversations: [dict(conversation)]}
    for table, key in _descendants(conversations):
        parent = key.column
        known = [row[parent.name] for row in found[parent.table]]
        rows = connection.execute(select(table).where(key.parent.in_(known))).all()
        found[table] = [row._asdict() for row in rows]
    belonging = {table.name: rows for table, rows in found.items() if table is not conversations}
    return {**conversation, **belonging}


def _descendants(root: Table) -> Iterator[tuple[Table, ForeignKey]]:
    """The tables that hang on `root`, parents first, each with its key of what it hangs on."""
    known, waiting = {root}, [root]
    while waiting:
        for table, key in _hanging_on(waiting.pop(0)):
            if table not in known:
                known.add(table)
                waiting.append(table)
                yield table, key


def _hanging_on(parent: Table) -> Iterator[tuple[Table, ForeignKey]]:
    """Every table that holds a key of `parent`."""
    for table in metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table is parent:
                yield table, key


def _holds(table: Table, words: str) -> ColumnElement[bool]:
    """Whether any text in a row holds these words, capitals or not."""
    texts = [cast(column, String) for column in table.c if isinstance(column.type, String | JSON)]
    return or_(*(func.lower(text).contains(words.lower(), autoescape=True) for text in texts))
