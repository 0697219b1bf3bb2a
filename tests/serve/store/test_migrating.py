"""Tables change by steps: they lead to what the code says, once, and no older version meddles with a later one's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from knowledge.errors import StorageError
from serve.store.database import open_database
from serve.store.migrating import know_all_tables
from serve.store.schema import metadata
from serve.store.store import open_store


def test_the_steps_lead_to_the_tables_of_the_code(tmp_path: Path) -> None:
    know_all_tables()
    database = open_database(tmp_path)
    with database.reading() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    database.close()
    assert differences == [], 'python -m serve.store.revision "What changes" writes the step'


def test_a_database_of_a_later_version_is_refused(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'later'"))
    store.close()
    with pytest.raises(StorageError, match="later version of Refdesk: upgrade"):
        open_store(tmp_path)


def test_what_is_there_stays_when_it_is_opened_again(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    talk = store.conversations.begin("v_1")
    store.close()
    store = open_store(tmp_path)
    assert store.conversations.find(talk.id) == talk
    store.close()


def test_whoever_opens_it_first_makes_the_tables(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: open_store(tmp_path), range(4)))
    for store in stores:
        store.conversations.begin("v_1")
    assert stores[0].conversations.count() == 4
    for store in stores:
        store.close()


def test_a_half_made_change_is_undone(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    with database.writing() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    database.close()
    with pytest.raises(StorageError):
        open_database(tmp_path)
    database = open_database(tmp_path / "new")
    database.close()
