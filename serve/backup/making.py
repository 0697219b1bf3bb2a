"""Makes a copy of everything that a service keeps, while it runs."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from knowledge.card import FORMAT_VERSION
from knowledge.errors import StorageError, UsageError
from knowledge.terminal.shell import Shell
from serve.backup.archive import FORMAT, ArchiveWriter, Entry, Header
from serve.backup.contents import Piece, pieces
from serve.config.settings import read_server_settings
from serve.store.database import database_address

ELSEWHERE = "The conversations are in {database}, which is not part of this file: copy it with pg_dump."
OUTSIDE = "{config} stands elsewhere, and is not part of this file: copy it too."


@dataclass(frozen=True, slots=True)
class Backup:
    """What was copied; `notes` name what was not."""

    file: Path
    bytes: int
    entries: tuple[Entry, ...]
    notes: tuple[str, ...]

    @property
    def banks(self) -> tuple[str, ...]:
        """The names of the banks in it."""
        paths = [entry.path.split("/") for entry in self.entries]
        return tuple(path[1] for path in paths if path[0] == "banks" and path[-1] == "catalog.sqlite")


def make_backup(shell: Shell, file: Path) -> Backup:
    """Write the copy to `file`, whole or not at all; whoever writes meanwhile is not held up.

    Every database is copied as of one moment. Raises `UsageError` where `file` is there already or nothing is kept
    here, `StorageError` where it cannot be written.
    """
    if file.exists():
        raise UsageError(f"{file} is there already:", hint="name another file; a copy replaces none.")
    if not shell.root.is_dir():
        raise UsageError(f"{shell.root} is no folder.", hint="Say where the banks are: --root DIR.")
    address = database_address(shell.root, read_server_settings(shell).database)
    is_file = address.get_backend_name() == "sqlite" and bool(address.database)
    database = Path(address.database or "") if is_file else None
    notes = () if is_file else (ELSEWHERE.format(database=address.render_as_string(hide_password=True)),)
    if shell.config is not None and not shell.config.is_relative_to(shell.root):
        notes = (*notes, OUTSIDE.format(config=shell.config))
    header = _header(shell.root, "" if database is None else _place(shell.root, database))
    with _failures_told(file), TemporaryDirectory(prefix=".refdesk-backup-", dir=file.absolute().parent) as scratch:
        draft = Path(scratch) / "draft"
        entries = _write(draft, header, pieces(shell.root, database), Path(scratch))
        if not entries:
            raise UsageError(f"There is nothing to copy under {shell.root}.", hint="Say where it is: --root DIR.")
        draft.replace(file)
        _sync(file.absolute().parent)
    return Backup(file, file.stat().st_size, entries, notes)


def _header(root: Path, database: str) -> Header:
    made = datetime.now(UTC).isoformat(timespec="seconds")
    return Header(FORMAT, made, version("refdesk"), str(root), database, FORMAT_VERSION)


def _place(root: Path, database: Path) -> str:
    return database.relative_to(root).as_posix() if database.is_relative_to(root) else database.name


def _write(draft: Path, header: Header, wanted: Iterator[Piece], scratch: Path) -> tuple[Entry, ...]:
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        archive = ArchiveWriter(stream, header)
        for piece in wanted:
            if piece.kind == "sqlite":
                copy = scratch / "copy.sqlite"
                copy_database(piece.source, copy)
                archive.add(piece.path, copy)
                copy.unlink()
            else:
                try:
                    archive.add(piece.path, piece.source)
                except FileNotFoundError:  # somebody has deleted it just now
                    continue
        entries = archive.finish()
        stream.flush()
        os.fsync(stream.fileno())
    return entries


def copy_database(source: Path, target: Path) -> None:
    """Copy a SQLite file as of one moment, while others write to it."""
    try:
        with (
            closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True, timeout=30)) as opened,
            closing(sqlite3.connect(target)) as copy,
        ):
            opened.backup(copy)
            # The copy is one file, with nothing in a log of writes beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise StorageError(
            f"{source} cannot be copied: {error}.", hint="Check that it may be read and that there is space left."
        ) from error


@contextmanager
def _failures_told(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{error.filename or file} cannot be copied to {file}: {error.strerror}.",
            hint="Check the permissions and the space that is left.",
        ) from error


def _sync(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
