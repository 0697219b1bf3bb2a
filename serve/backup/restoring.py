"""Puts a copy back into an empty place, and makes anew what copies leave out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from knowledge.errors import ConfigError, StorageError, UsageError
from knowledge.settings import CONFIG_NAME
from knowledge.terminal.opening import open_library
from knowledge.terminal.shell import Shell
from serve.backup.archive import Entry, Header, unpack
from serve.backup.moving import move_catalogs, move_citations
from serve.config.settings import read_server_settings
from serve.store.database import database_address
from serve.store.store import open_store

STAGING = ".restoring"
# What an empty file system may hold.
NOTHING = frozenset({"lost+found"})


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back, and where."""

    root: Path
    header: Header
    entries: tuple[Entry, ...]
    banks: tuple[str, ...]
    notes: tuple[str, ...]


def restore(shell: Shell, file: Path) -> Restored:
    """Put the copy `file` into the root of `shell`, all of it or nothing.

    Raises `UsageError` unless that is empty, `StorageError` for a damaged archive and for one of a later version.
    """
    if not file.is_file():
        raise UsageError(f"{file} is no file.", hint="Name a file that `refdesk backup` wrote.")
    with _staging(shell.root) as staging:
        header, entries = unpack(file, staging)
        if Path(header.root) != shell.root:
            move_catalogs(staging.glob("banks/*/catalog.sqlite"), header.root, str(shell.root))
            if header.database:
                move_citations(staging / header.database, header.root, str(shell.root))
        if header.database:
            # Brings its tables up to date, and refuses those of a later version.
            open_store(staging, f"sqlite:///{staging / header.database}").close()
        banks = make_indexes(replace(shell, root=staging, config=None, unused=None))
        for part in sorted(staging.iterdir(), key=lambda part: part.name == CONFIG_NAME):
            part.rename(shell.root / part.name)
    return Restored(shell.root, header, entries, banks, notes_on(shell, header))


def notes_on(shell: Shell, header: Header) -> tuple[str, ...]:
    """What whoever restores has to do still."""
    config = shell.root / CONFIG_NAME
    settled = replace(shell, config=config if config.is_file() else None)
    try:
        named = read_server_settings(settled).database
        address = database_address(shell.root, named)
    except ConfigError as error:
        return (error.sentence,)
    if not header.database:
        return (f"The conversations are not part of this backup; server.database is {address.render_as_string()}.",)
    if address.get_backend_name() != "sqlite" or Path(address.database or "") != shell.root / header.database:
        return (f"The conversations are in {header.database}, and server.database names another place: move them.",)
    return ()


def make_indexes(shell: Shell) -> tuple[str, ...]:
    """Make postings and mirrors of all banks from their catalogs, and check them; gives the banks' names."""
    library = open_library(shell)
    for name in library.names():
        bank = library.bank(name)
        with bank.writer():
            pass  # a writer completes what is missing before it begins, and when it ends
        found = bank.verify()
        bank.close()
        if not found.sound:
            raise StorageError(f"The bank {name} of this backup is damaged: {found.faults[0]}.", hint="Take another.")
    return library.names()


@contextmanager
def _staging(root: Path) -> Iterator[Path]:
    """A folder below `root`, which is empty but for that, to put things in order; nothing is left where that fails."""
    made = not root.exists()
    try:
        root.mkdir(parents=True, exist_ok=True)
        if any(path.name not in NOTHING for path in root.iterdir()):
            raise UsageError(f"{root} is not empty:", hint="name an empty folder, with --root DIR.")
        staging = root / STAGING
        staging.mkdir(mode=0o700)
        try:
            yield staging
        except BaseException:
            _undo(root, whole=made)
            raise
        staging.rmdir()
    except OSError as error:
        raise StorageError(
            f"Cannot restore into {root}: {error.strerror}.", hint="Check the permissions and the space that is left."
        ) from error


def _undo(root: Path, *, whole: bool) -> None:
    for path in list(root.iterdir()):
        if path.name in NOTHING:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
    if whole:
        root.rmdir()
