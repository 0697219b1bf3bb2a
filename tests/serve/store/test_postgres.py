"""The same tables in a real PostgreSQL: every test of what is kept holds there too."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from inspect import signature
from pathlib import Path
from types import ModuleType

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from knowledge.errors import ConfigError, StorageError
from serve.store.audit import AuditTable
from serve.store.database import database_address
from serve.store.jobs import Jobs
from serve.store.keys import Keys
from serve.store.migrating import know_all_tables
from serve.store.schema import metadata, now
from serve.store.store import Store, open_store
from serve.store.turns import TurnUnderWay
from tests.serve.jobs import test_jobs_table
from tests.serve.postgres import PASSWORD, Cluster
from tests.serve.store import test_audit, test_keys, test_people, test_records

MODULES: tuple[ModuleType, ...] = (test_records, test_people, test_keys, test_audit, test_jobs_table)


def gather() -> None:
    """Every test that needs nothing but its tables is a test of this file too, under its own name."""
    for module in MODULES:
        for name, test in vars(module).items():
            if name.startswith("test_") and "tmp_path" not in signature(test).parameters:
                assert name not in globals()
                globals()[name] = test


@pytest.fixture
def store(postgres_url: str, tmp_path: Path) -> Iterator[Store]:
    """A store of its own, in PostgreSQL."""
    made = open_store(tmp_path, postgres_url)
    yield made
    made.close()


@pytest.fixture
def keys(store: Store) -> Keys:
    """The table of keys there."""
    return Keys(store.database)


@pytest.fixture
def table(store: Store) -> AuditTable:
    """The table of what was done there, with the entries that its tests know."""
    made = AuditTable(store.database)
    for action, actor in (("key.create", "one"), ("keyring.open", "two"), ("key.revoke", "one")):
        made.add(action, actor=actor, address="203.0.113.7", target="shop", details={"n": 1})
    return made


@pytest.fixture
def jobs(store: Store) -> Jobs:
    """The table of jobs there."""
    return Jobs(store.database)


def test_the_steps_lead_to_the_same_tables(store: Store) -> None:
    know_all_tables()
    with store.database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_replicas_that_start_together_make_the_tables_once(postgres_url: str, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: open_store(tmp_path, postgres_url), range(4)))
    talk = stores[0].conversations.begin("v_1")
    assert stores[3].conversations.find(talk.id) == talk
    for store in stores:
        store.close()


def test_a_later_version_is_refused_there_too(store: Store, postgres_url: str, tmp_path: Path) -> None:
    with store.database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'later'"))
    with pytest.raises(StorageError, match="later version of Refdesk"):
        open_store(tmp_path, postgres_url)


def test_the_password_comes_from_elsewhere(postgres_cluster: Cluster, tmp_path: Path) -> None:
    url = postgres_cluster.new_database()
    open_store(tmp_path, url, password=PASSWORD).close()
    with pytest.raises(StorageError) as caught:
        open_store(tmp_path, url, password="wrong")
    assert "password" in caught.value.sentence
    assert "wrong" not in caught.value.sentence
    named = url.replace("refdesk@", "refdesk:mine@")
    assert database_address(tmp_path, named, password="other").password == "mine"


def test_an_address_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"server\.database is not the address"):
        database_address(tmp_path, "mysql://127.0.0.1/x")


def test_a_conversation_is_answered_by_one_process_at_a_time(store: Store, postgres_url: str, tmp_path: Path) -> None:
    other = open_store(tmp_path, postgres_url)
    talk = store.conversations.begin("v_1")
    longest = now() - timedelta(minutes=4)

    def begin(number: int) -> bool:
        question = test_records.question_in(talk)
        try:
            turns = (store, other)[number % 2].turns
            return turns.begin(question, test_records.answer_to(question), alive_since=longest)
        except TurnUnderWay:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(begin, range(8))) == 1
    question = test_records.question_in(talk)
    assert other.turns.begin(question, test_records.answer_to(question), alive_since=now())
    other.close()


def test_another_process_asks_to_give_up(store: Store, postgres_url: str, tmp_path: Path) -> None:
    other = open_store(tmp_path, postgres_url)
    talk = store.conversations.begin("v_1")
    question = test_records.question_in(talk)
    pending = test_records.answer_to(question)
    assert not other.turns.ask_to_stop(talk.id)
    store.turns.begin(question, pending)
    assert not store.turns.is_to_stop(pending.id)
    assert other.turns.ask_to_stop(talk.id)
    assert store.turns.is_to_stop(pending.id)
    with pytest.raises(TurnUnderWay):
        other.turns.begin(test_records.question_in(talk), pending, alive_since=now() - timedelta(minutes=4))
    assert store.turns.end_interrupted() == 1
    other.close()


def test_whoever_reads_on_from_a_number_misses_nothing(store: Store, postgres_url: str, tmp_path: Path) -> None:
    other = open_store(tmp_path, postgres_url)
    talk = store.conversations.begin("v_1")

    def write(number: int) -> None:
        for _ in range(10):
            (store, other)[number % 2].messages.add(test_records.question_in(talk))
            (store, other)[number % 2].events.typing(talk.id, "Ann")

    seen: list[int] = []
    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, number) for number in range(4)]
        while not all(one.done() for one in writing):
            seen += [event.seq for event in store.events.after(talk.id, seen[-1] if seen else 0)]
        for one in writing:
            one.result()
    seen += [event.seq for event in store.events.after(talk.id, seen[-1] if seen else 0)]
    kept = {event.seq for event in store.events.after(talk.id, 0)}
    assert kept <= set(seen)
    assert seen == sorted(seen)
    other.close()


gather()
