"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from knowledge.errors import StorageError


def write_whole(path: Path, content: bytes) -> None:
    """Writes the file, with the folders above it; raises `StorageError`."""
    with _draft(path) as draft:
        draft.write_bytes(content)
        if draft != path:
            draft.replace(path)


def check_place(path: Path) -> None:
    """Raises `StorageError` where no file could be written: better before long work than after it."""
    with _draft(path) as draft:
        draft.open("ab").close()


@contextmanager
def _draft(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to; what is there and is no file, such as /dev/stdout, is written to itself."""
    draft = path if path.exists() and not path.is_file() else path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield draft
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror}.") from error
    finally:
        if draft != path:
            with suppress(OSError):
                draft.unlink()
