"""A conversation on disk: a file that is one valid JSON array at every instant, and a journal that keeps appends cheap.

Up to `SMALL` bytes, an append writes the whole file anew and renames it into place: whoever reads the file sees it at
once. Beyond, it writes a line to the journal beside the file, which every reader of this class reads too, and the
journal is folded into the file soon after, or when it has grown. Processes take turns by a lock.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock

from filelock import FileLock, Timeout

from agents.exceptions import StateError
from agents.memory.records import from_record
from agents.message.msg import Msg
from agents.session.files import storage_failures, write_whole
from knowledge.errors import StorageError

SMALL = 256 * 1024
JOURNAL_LIMIT = 1024 * 1024
WAIT_SECONDS = 30.0
Signature = tuple[int, int, int]
ABSENT: Signature = (0, 0, 0)


class DumpFile:
    """The messages in one file. Every method but `holding` is called while it is held.

    Raises `StorageError` where the disk refuses or another process keeps the lock, `StateError` for a file that is
    no list of messages; the file is then left as it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = path.with_name(f"{path.name}.journal")
        self.messages: list[Msg] = []
        self.ids: set[str] = set()
        self._thread_lock = RLock()
        self._lock = FileLock(path.with_name(f".{path.name}.lock"))
        self._body = b"["
        self._seen: Signature | None = None
        self._journal_seen = ABSENT
        self._journalled = b""

    @property
    def pending(self) -> bool:
        """Whether a journal waits to be folded."""
        return bool(self._journalled)

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Within, no other thread or process reads or writes, and `messages` is what the disk holds."""
        with self._thread_lock:
            with storage_failures(self.path):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                try:
                    self._lock.acquire(timeout=WAIT_SECONDS)
                except Timeout as error:
                    raise StorageError(
                        f"{self.path} is held by another process for {WAIT_SECONDS:.0f} s:", hint="stop it."
                    ) from error
            try:
                self._refresh()
                yield
            finally:
                self._lock.release()

    def create(self) -> None:
        """Write an empty list where there is no file."""
        if self._seen == ABSENT:
            self._write(self._body, [])

    def append(self, lines: list[str], messages: list[Msg], *, whole: bool) -> None:
        """Add messages, each as its line of JSON; `whole` does without the journal."""
        if self._journalled or (len(self._body) > SMALL and not whole):
            self._journal(lines)
            if whole or len(self._journalled) > max(JOURNAL_LIMIT, len(self._body) // 4):
                self.fold()
        else:
            self._write(self._body, lines)
        self.messages.extend(messages)
        self.ids.update(msg.id for msg in messages)

    def replace(self, lines: list[str], messages: list[Msg]) -> None:
        """Hold these messages and no others. A journal is folded first, so that no stale one ever follows the file."""
        self.fold()
        self._write(b"[", lines)
        self.messages, self.ids = list(messages), {msg.id for msg in messages}

    def fold(self) -> None:
        """Take the journal into the file."""
        if self._journalled:
            self._write(self._body, [line[1:-1].decode() for line in self._journalled.splitlines()])
            self.journal.unlink(missing_ok=True)
            self._journalled, self._journal_seen = b"", ABSENT

    def _write(self, body: bytes, lines: list[str]) -> None:
        parts = [body.rstrip(), *(f",\n{line}".encode() for line in lines)]
        if lines and parts[0].endswith(b"["):
            parts[1] = parts[1][1:]
        body = b"".join(parts)
        write_whole(self.path, body + b"\n]\n")
        self._body, self._seen = body, _signature(self.path)

    def _journal(self, lines: list[str]) -> None:
        entry = f"[{','.join(lines)}]\n".encode()
        with storage_failures(self.journal), self.journal.open("ab", buffering=0) as file:
            # What a killed process left unfinished was never acknowledged.
            end = len(self._journalled)
            file.truncate(end)
            try:
                if file.write(entry) != len(entry):
                    raise OSError(errno.ENOSPC, "No space left on device")
            except BaseException:
                file.truncate(end)
                raise
        self._journalled += entry
        self._journal_seen = _signature(self.journal)

    def _refresh(self) -> None:
        seen, journal_seen = _signature(self.path), _signature(self.journal)
        if seen == self._seen and journal_seen == self._journal_seen:
            return
        content = b"" if seen == ABSENT else self._bytes(self.path)
        messages = self._parsed(content) if content.strip() else []
        journalled = b"" if journal_seen == ABSENT else self._bytes(self.journal)
        journalled = journalled[: journalled.rfind(b"\n") + 1]
        known = {msg.id for msg in messages}
        for line in journalled.splitlines():
            # A process killed between folding and removing its journal leaves both: ids tell what is in the file.
            messages += [msg for msg in self._parsed(line) if msg.id not in known]
        self.messages, self.ids = messages, {msg.id for msg in messages}
        self._body = content.rstrip()[:-1].rstrip() if content.strip() else b"["
        self._journalled = journalled
        self._seen, self._journal_seen = seen, journal_seen

    def _bytes(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise StorageError(f"{path} cannot be read: {error.strerror}.") from error

    def _parsed(self, content: bytes) -> list[Msg]:
        try:
            records = json.loads(content)
            if not isinstance(records, list):
                raise StateError(f"it holds a {type(records).__name__}, not a list")
            return [from_record(record) for record in records]
        except (ValueError, RecursionError, StateError) as error:
            raise StateError(
                f"{self.path} is no list of messages: {str(error).rstrip('.')}.",
                hint="It was left as it is: restore a copy, or move it away.",
            ) from error


def _signature(path: Path) -> Signature:
    with storage_failures(path), suppress(FileNotFoundError):
        found = os.stat(path)  # noqa: PTH116  # the one call that a read costs
        return found.st_ino, found.st_size, found.st_mtime_ns
    return ABSENT
