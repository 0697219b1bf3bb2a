"""The database: SQLite beside the banks unless an address names another. Every write is on disk when it returns."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock

from sqlalchemy import Connection, Engine, create_engine, event, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from knowledge.errors import ConfigError, StorageError
from serve.store.migrating import migrate

FILE_NAME = "refdesk.sqlite"
BUSY_MS = 30_000
# What is deleted is overwritten, since people may ask for that.
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", f"busy_timeout={BUSY_MS}")
WRITES = "refdesk_writes"


@dataclass(frozen=True, slots=True)
class Database:
    """Connections to the database: many to read with, one at a time to write with."""

    engine: Engine
    _writer: RLock

    @property
    def shared(self) -> bool:
        """Whether other processes may serve from it at the same time."""
        return self.engine.dialect.name != "sqlite"

    @property
    def _reader(self) -> Engine:
        # SQLite sees one moment in each transaction anyway.
        return self.engine.execution_options(isolation_level="REPEATABLE READ") if self.shared else self.engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view of everything that was written."""
        with _told(self.engine), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: durable when the block ends, undone when it raises."""
        engine = self.engine.execution_options(**{WRITES: True})
        with _told(self.engine), self._writer, engine.begin() as connection:
            yield connection

    def check(self) -> None:
        """Raises `StorageError` where it does not answer."""
        with self.reading() as connection:
            connection.execute(select(1))

    def settle(self) -> None:
        """Let nothing that was deleted stand in SQLite's log of writes any longer, as far as nobody reads it now."""
        if self.engine.dialect.name == "sqlite":
            with _told(self.engine), self._writer, self.engine.connect() as connection:
                connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def open_database(root: Path, url: str | None = None, *, password: str | None = None) -> Database:
    """The database at `url`, else in a file beside the banks; its tables are brought to what this version expects.

    `password` opens a PostgreSQL whose `url` names none.

    Raises `ConfigError` for an address that means nothing, `StorageError` where it cannot be opened.
    """
    address = database_address(root, url, password=password)
    if address.get_backend_name() == "sqlite" and address.database:
        _make_private(Path(address.database))
    engine = _engine(address)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
    database = Database(engine, RLock())
    try:
        with database.writing() as connection:
            migrate(connection)
    except BaseException:
        database.close()
        raise
    return database


def database_address(root: Path, url: str | None, *, password: str | None = None) -> URL:
    """Where the database is: at `url`, else in a file beside the banks. Raises `ConfigError`."""
    if url is None:
        return URL.create("sqlite", database=str(root / FILE_NAME))
    try:
        address = make_url(url)
    except ArgumentError:
        raise _wrong_address() from None
    backend = address.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise _wrong_address()
    if backend == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
        return address.set(password=password) if password and address.password is None else address
    if address.database and not Path(address.database).is_absolute():
        return address.set(database=str(root / address.database))
    return address


def _wrong_address() -> ConfigError:
    return ConfigError(
        "server.database is not the address of a database:", hint="write sqlite:///FILE or postgresql+psycopg://…"
    )


def _engine(address: URL) -> Engine:
    if address.get_backend_name() == "sqlite":
        return create_engine(address, pool_size=32, max_overflow=32)
    try:
        # Replicas share what the server allows, by default 100 in all; one that has gone away is noticed before use.
        return create_engine(
            address, pool_size=8, max_overflow=22, pool_pre_ping=True, connect_args={"connect_timeout": 10}
        )
    except ImportError:
        raise ConfigError(
            "PostgreSQL is configured and its driver is not installed:", hint="pip install 'refdesk[postgres]'."
        ) from None


def _make_private(file: Path) -> None:
    """Make the file where it is missing, for nobody else to read: it holds conversations, and signs cookies."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
    except OSError as error:
        raise StorageError(f"Cannot make {file}: {error.strerror}.", hint="Check the permissions.") from error


def _prepare(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions begin and end where this file says so
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # A transaction that reads first and then writes would fail where another one has written in between.
    immediate = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextmanager
def _told(engine: Engine) -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        if type(error) not in (OperationalError, DatabaseError):  # a mistake of the program, or an id that is taken
            raise
        raise StorageError(
            f"The database {engine.url.render_as_string(hide_password=True)} cannot be used: {error.orig}.",
            hint="Check that it is there, may be written and has space left.",
        ) from error
