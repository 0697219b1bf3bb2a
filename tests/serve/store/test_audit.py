"""The audit log's table."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from serve.store.audit import AuditTable
from serve.store.database import open_database
from serve.store.schema import now


@pytest.fixture
def table(tmp_path: Path) -> AuditTable:
    """A log with three entries."""
    made = AuditTable(open_database(tmp_path))
    for action, actor in (("key.create", "one"), ("keyring.open", "two"), ("key.revoke", "one")):
        made.add(action, actor=actor, address="203.0.113.7", target="shop", details={"n": 1})
    return made


def test_the_newest_comes_first_with_all_that_is_known(table: AuditTable) -> None:
    newest = table.entries(limit=1)[0]
    assert (newest.action, newest.actor, newest.address, newest.target, newest.details) == (
        "key.revoke",
        "one",
        "203.0.113.7",
        "shop",
        {"n": 1},
    )
    assert now() - newest.at < timedelta(minutes=1)


def test_entries_are_found_by_action_noun_actor_and_time(table: AuditTable) -> None:
    assert [entry.action for entry in table.entries(action="key")] == ["key.revoke", "key.create"]
    assert [entry.action for entry in table.entries(action="key.create")] == ["key.create"]
    assert [entry.action for entry in table.entries(actor="two")] == ["keyring.open"]
    assert table.entries(since=now() + timedelta(seconds=1)) == ()
    assert table.entries(action="%") == ()


def test_what_is_too_long_is_cut_and_kept(table: AuditTable) -> None:
    table.add("x", actor="a" * 1000, address="b" * 1000, target="c" * 1000, details={})
    assert len(table.entries(limit=1)[0].target) == 300


def test_old_entries_are_forgotten(table: AuditTable) -> None:
    assert table.forget(before=now() - timedelta(days=1)) == 0
    assert table.forget(before=now() + timedelta(seconds=1)) == 3
    assert table.entries() == ()
