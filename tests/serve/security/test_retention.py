"""Daily upkeep."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import update

from serve.security.retention import upkeep
from serve.store.conversations import Conversations, conversations
from serve.store.database import Database
from serve.store.schema import now
from tests.serve.security.conftest import MakeGuarded


def test_what_is_old_is_forgotten_and_noted(database: Database, guarded: MakeGuarded, tmp_path: Path) -> None:
    table, guard = Conversations(database), guarded().guard
    old, young = table.begin("v_ann", title="An unmistakable kettle"), table.begin("v_ann")
    with database.writing() as connection:
        moment = now() - timedelta(days=31)
        connection.execute(update(conversations).where(conversations.c.id == old.id).values(updated=moment))
    assert upkeep(database, guard, retention_days=30) == 1
    assert [one.id for one in table.of("v_ann")] == [young.id]
    (entry,) = guard.audit.table.entries()
    assert (entry.action, entry.actor, entry.details) == ("conversation.expired", "service", {"conversations": 1})
    # Not in the file and not in its log either, although the database is still open.
    assert not [path for path in tmp_path.iterdir() if b"unmistakable" in path.read_bytes()]


def test_without_anything_old_nothing_is_noted_and_visitors_stay_known(
    database: Database, guarded: MakeGuarded
) -> None:
    guard = guarded().guard
    cookie = guard.visitors.cookie("v_ann")
    assert upkeep(database, guard, retention_days=30) == 0
    assert guard.audit.table.entries() == ()
    assert guard.visitors.read(cookie) is not None
