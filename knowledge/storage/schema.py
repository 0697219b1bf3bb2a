"""The tables of a bank's catalog, and how a catalog file is opened, created and migrated."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident

from knowledge.card import FORMAT_VERSION
from knowledge.errors import BankDamaged, BankTooNew, StorageError

# `document.text` stands last: a row's leading columns can then be read without its overflow pages.
TABLES = """
CREATE TABLE card (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL);
CREATE TABLE state (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE source (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, spec TEXT NOT NULL, UNIQUE (kind, spec));
CREATE TABLE document (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    state TEXT NOT NULL CHECK (state IN ('staged', 'live', 'retired')),
    content_key TEXT NOT NULL,
    title TEXT NOT NULL,
    own_title TEXT NOT NULL,
    media_type TEXT NOT NULL,
    linked INTEGER NOT NULL DEFAULT 0,
    pages TEXT NOT NULL,
    metadata TEXT NOT NULL,
    notes TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX document_state ON document (state);
CREATE UNIQUE INDEX document_live ON document (content_key) WHERE state = 'live';
CREATE TABLE place (
    id INTEGER PRIMARY KEY,
    source_id INTEGER NOT NULL REFERENCES source (id),
    uri TEXT NOT NULL,
    document_id INTEGER NOT NULL REFERENCES document (id),
    allow TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    title TEXT NOT NULL,
    linked INTEGER NOT NULL DEFAULT 0,
    UNIQUE (source_id, uri)
);
CREATE INDEX place_title ON place (title, document_id);
CREATE INDEX place_document ON place (document_id);
CREATE INDEX place_allow ON place (allow, document_id);
CREATE TABLE chunk (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES document (id),
    ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    page_first INTEGER,
    page_last INTEGER,
    tokens INTEGER NOT NULL,
    headings TEXT NOT NULL,
    prefix TEXT NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (document_id, ordinal)
);
CREATE TABLE vector (
    chunk_id INTEGER PRIMARY KEY REFERENCES chunk (id),
    document_id INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE INDEX vector_document ON vector (document_id);
CREATE TABLE mention (
    document_id INTEGER NOT NULL REFERENCES document (id),
    title TEXT NOT NULL,
    PRIMARY KEY (document_id, title)
) WITHOUT ROWID;
CREATE INDEX mention_title ON mention (title);
INSERT INTO state VALUES ('generation', 0), ('dirty', 0);
"""


def create(path: Path, card_json: str) -> None:
    """Makes an empty catalog at `path`, complete or not at all; one that somebody else makes meanwhile stays."""
    draft = path.with_name(f"{path.name}.{os.getpid()}-{get_ident()}.new")
    with failures(path):
        draft.unlink(missing_ok=True)
        connection = sqlite3.connect(draft, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            for statement in TABLES.split(";\n"):
                connection.execute(statement)
            connection.execute("INSERT INTO card VALUES (1, ?)", (card_json,))
            connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
            connection.execute("COMMIT")
            # Last, so that the one file holds everything when it gets its name.
            connection.execute("PRAGMA journal_mode = WAL")
        finally:
            connection.close()
        _keep_first(draft, path)


def _keep_first(draft: Path, path: Path) -> None:
    """Gives `draft` its name unless that is taken; a hard link is refused where a rename would replace."""
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    except OSError:
        # Some file systems have no hard links; two processes making one bank at the same instant are rarer still.
        if not path.exists():
            draft.replace(path)
    draft.unlink(missing_ok=True)


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode to an existing catalog, which is migrated where it is of an earlier format.

    Raises `BankTooNew` for a later format and `BankDamaged` for what is no catalog.
    """
    with failures(path):
        if not path.is_file():
            raise BankDamaged(f"{path} is missing.", hint="Restore a copy of the bank, or ingest again.")
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            check_version(path, version)
            if version < FORMAT_VERSION:
                # Rare, so it is loaded only then.
                from knowledge.storage.migration import migrate

                migrate(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA mmap_size = 1073741824")
            connection.execute("PRAGMA temp_store = MEMORY")
        except BaseException:
            connection.close()
            raise
        return connection


def identity(path: Path) -> tuple[int, int] | None:
    """Which file stands at `path`; None where there is none. No other is called so while this one is open."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def check_version(path: Path, version: int) -> None:
    """Raises unless this version of Refdesk can read a catalog of format `version`."""
    if version > FORMAT_VERSION:
        raise BankTooNew(f"{path.parent} was made by a later version (format {version}).", hint="Upgrade Refdesk.")
    if version < 1:
        raise BankDamaged(f"{path} is not a complete catalog.", hint="Remove the folder and ingest again.")


@contextmanager
def failures(path: Path) -> Iterator[None]:
    """Turns what SQLite reports into errors that say what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        words = str(error)
        if "full" in words or "readonly" in words or "unable to open" in words or "disk I/O" in words:
            raise StorageError(
                f"Cannot write to {path.parent}: {words}.", hint="Free some space or check the permissions."
            ) from error
        raise
    except sqlite3.ProgrammingError:
        # A mistake of ours or a connection that was closed meanwhile; the file has nothing to do with it.
        raise
    except sqlite3.DatabaseError as error:
        raise BankDamaged(f"{path} cannot be read: {error}.", hint="Restore a copy, or ingest again.") from error


@contextmanager
def transaction(connection: sqlite3.Connection, *, write: bool = True) -> Iterator[None]:
    """One transaction: committed when the block ends, rolled back when it raises."""
    connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
