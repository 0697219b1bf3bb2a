"""The database: durable, one writer at a time, and honest about what it cannot do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import Column, Table, event, insert, select, text
from sqlalchemy import MetaData as Metadata

from knowledge.errors import ConfigError, StorageError
from serve.store.database import open_database
from serve.store.schema import Id, Moment
from serve.store.store import open_store


def test_every_write_reaches_the_disk_before_it_returns(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    with database.reading() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
    database.close()


def test_what_raises_is_undone(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.conversations.begin("v_1")

    def give_up() -> None:
        with store.database.writing() as connection:
            connection.execute(text("DELETE FROM conversations"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        give_up()
    assert store.conversations.count() == 1
    store.close()


def test_writers_wait_for_each_other(tmp_path: Path) -> None:
    store = open_store(tmp_path)

    def begin() -> None:
        for _ in range(20):
            store.conversations.begin("v_1")

    threads = [Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.conversations.count() == 160
    store.close()


def test_a_moment_keeps_its_place_in_time(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    table = Table("moments", Metadata(), Column("id", Id, primary_key=True), Column("at", Moment))
    east = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=5)))
    with database.writing() as connection:
        table.create(connection)
        connection.execute(insert(table).values(id="a", at=east))
        connection.execute(insert(table).values(id="b", at=None))
    with database.reading() as connection:
        assert connection.execute(select(table.c.at).order_by(table.c.id)).scalars().all() == [
            datetime(2026, 1, 1, 7, tzinfo=UTC),
            None,
        ]
    with pytest.raises(Exception, match="needs a time zone"), database.writing() as connection:
        connection.execute(insert(table).values(id="c", at=datetime(2026, 1, 1)))
    database.close()


def test_an_address_that_means_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"server\.database is not the address"):
        open_database(tmp_path, "here please")


def test_a_relative_file_stands_beside_the_banks(tmp_path: Path) -> None:
    open_database(tmp_path, "sqlite:///kept/talks.sqlite").close()
    assert (tmp_path / "kept" / "talks.sqlite").is_file()


def test_a_file_that_is_no_database_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "refdesk.sqlite").write_text("no database" * 1000)
    with pytest.raises(StorageError) as caught:
        open_store(tmp_path)
    assert "refdesk.sqlite" in caught.value.sentence


def test_a_full_disk_is_told_in_one_sentence_and_loses_nothing(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    kept = store.conversations.begin("v_1")
    with store.database.reading() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    event.listen(store.database.engine, "begin", lambda c: c.exec_driver_sql(f"PRAGMA max_page_count = {pages}"))

    def fill() -> None:
        for _ in range(10_000):
            store.conversations.begin("v_1", title="x" * 200)

    with pytest.raises(StorageError, match=r"cannot be used: .*full.* has space left"):
        fill()
    assert store.conversations.find(kept.id) == kept
    store.close()
