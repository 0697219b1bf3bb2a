"""Files of state: written whole or not at all, and read with errors that say what is wrong."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from agents.exceptions import StateError
from knowledge.errors import StorageError, UsageError


@contextmanager
def storage_failures(path: Path) -> Iterator[None]:
    """Turns what the disk refuses within into a `StorageError` that names the file and the reason."""
    try:
        yield
    except OSError as error:
        hint = "free some space." if error.errno in (errno.ENOSPC, errno.EDQUOT) else "choose another place."
        raise StorageError(f"{path} cannot be written: {error.strerror or error}:", hint=hint) from error


def write_whole(path: Path, data: bytes, *, durable: bool = False, follow: bool = True) -> None:
    """Give a file new content in one step: a reader, or a process killed at any instant, sees the old or the new.

    With `durable` it survives a loss of power, too. A link goes on pointing to its file, or is replaced without
    `follow`. Folders are made. Raises `StorageError`, and leaves the old.
    """
    with storage_failures(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        target = path.resolve() if follow else path.absolute()
        made = target.with_name(f".{target.name}.{uuid4().hex[:8]}.new")
        try:
            _create(made, data, durable=durable)
            with suppress(FileNotFoundError):
                made.chmod(target.stat().st_mode & 0o777)
            made.replace(target)
        except BaseException:
            made.unlink(missing_ok=True)
            raise


def _create(path: Path, data: bytes, *, durable: bool) -> None:
    with path.open("xb", buffering=0) as file:
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
        if durable:
            os.fsync(file.fileno())


def write_json(path: Path, data: Any) -> None:
    """Write JSON-able data, readable, in one step; raises `StorageError` and `StateError`."""
    write_whole(path, json_bytes(data), durable=True)


def json_bytes(data: Any) -> bytes:
    """JSON-able data as readable text; raises `StateError` for what is no JSON."""
    try:
        return json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False).encode()
    except UnicodeEncodeError:
        return json.dumps(data, indent=1, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise StateError(f"The state cannot be written as JSON: {error}.") from error


def read_json(path: Path) -> Any:
    """The data of a JSON file; raises `UsageError` where it cannot be read and `StateError` for what is no JSON."""
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise StateError(f"{path} is not JSON: {error}:", hint="restore it from a copy, or move it away.") from error
