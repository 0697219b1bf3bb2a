"""A conversation kept in a JSON file that anyone may read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, Timer
from typing import Any, ClassVar

from agents.exceptions import StateError
from agents.memory.dump_file import DumpFile
from agents.memory.memory import CONTENT, MemoryBase, unknown
from agents.memory.records import to_line
from agents.message.msg import Msg
from knowledge.errors import RefdeskError

FOLD_AFTER_SECONDS = 0.3


class FileDumpMemory(MemoryBase):
    """Messages in the file `path`, which is one valid JSON array at every instant.

    What a call has added survives the end of the process in any way, and other processes see it at once, with this
    class or by reading the file; in a file beyond 256 KB a plain reader sees it within a second, since appends go to
    a journal beside it first. Several processes may use one file. Raises `StateError` for a file that holds anything
    else, which is left as it is, and `StorageError` where the disk refuses.
    """

    TRANSIENT: ClassVar[frozenset[str]] = frozenset({CONTENT, "path"})
    persistent: ClassVar[bool] = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__()
        self.path = Path(path).expanduser().absolute()
        if self.path.is_dir():
            raise StateError(f"{self.path} is a folder:", hint="name a file.")
        self._file = DumpFile(self.path)
        self._timer_lock = Lock()
        self._timer: Timer | None = None
        with self._file.holding():
            self._file.create()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self.path),)

    def flush(self) -> None:
        """Take what stands in the journal into the file."""
        with self._file.holding():
            self._file.fold()

    def _read(self) -> list[Msg]:
        with self._file.holding():
            return list(self._file.messages)

    def _append(self, messages: list[Msg], *, duplicates: bool) -> None:
        with self._file.holding():
            new = messages if duplicates else unknown(messages, self._file.ids)
            if new:
                self._file.append([to_line(msg) for msg in new], new, whole=duplicates)
        if self._file.pending:
            self._fold_soon()

    def _replace(self, messages: list[Msg]) -> None:
        with self._file.holding():
            self._file.replace([to_line(msg) for msg in messages], messages)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._file.holding():
            yield

    def _fold_soon(self) -> None:
        with self._timer_lock:
            if self._timer is None:
                self._timer = Timer(FOLD_AFTER_SECONDS, self._fold_now)
                self._timer.daemon = True
                self._timer.start()

    def _fold_now(self) -> None:
        with self._timer_lock:
            self._timer = None
        try:
            self.flush()
        except RefdeskError:
            # The journal still holds everything; the next append says what is wrong.
            return
