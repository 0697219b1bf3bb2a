"""The table of secrets: made once, shared, and replaced in time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from serve.store.database import open_database
from serve.store.schema import now
from serve.store.secrets import KEPT_FOR, ROTATED_AFTER, SIGNS_AFTER, Secrets


def test_a_secret_is_made_once_whoever_asks(tmp_path: Path) -> None:
    tables = [Secrets(open_database(tmp_path)) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda table: table.current(), tables))
    assert len(found) == 1
    assert [len(secret) for secret in found.pop()] == [32]


def test_the_file_is_for_nobody_else_to_read(tmp_path: Path) -> None:
    open_database(tmp_path)
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}


def test_a_new_secret_is_known_to_all_before_it_signs(tmp_path: Path) -> None:
    table, start = Secrets(open_database(tmp_path)), now()
    (first,) = table.current(start)
    later = start + ROTATED_AFTER + timedelta(hours=1)
    known = table.current(later)
    assert (known[0], len(known)) == (first, 2)
    assert table.current(later + SIGNS_AFTER) == (known[1], first)


def test_a_former_secret_is_believed_as_long_as_what_it_signed_may_be(tmp_path: Path) -> None:
    table, start = Secrets(open_database(tmp_path)), now()
    (first,) = table.current(start)
    table.current(start + ROTATED_AFTER + timedelta(hours=1))
    assert first in table.current(start + KEPT_FOR - timedelta(hours=1))
    assert first not in table.current(start + KEPT_FOR + timedelta(hours=1))
