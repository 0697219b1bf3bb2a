"""Where uploaded files stand: in a folder of each bank below the library's root, whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import time
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from knowledge.errors import StorageError, UsageError
from serve.store.jobs import UPLOADS, UploadedFile

INCOMING = ".incoming"
BEFORE = ".before"
LONGEST_NAME = 180
# An upload takes less than a day.
OLD = 86_400.0
UNSAFE = re.compile(r"[^\w .,()+&@#=\-]")
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Uploads:
    """The uploads below the library root `root`, those of each bank in `name`.

    Files come into a folder of their job first. Only when the job begins they take their places, and what stood
    there before is kept until the new file has been read.
    """

    root: Path
    name: str = UPLOADS

    def folder(self, bank: str) -> Path:
        """Where the uploads of a bank stand."""
        return self.root / self.name / bank

    def path(self, bank: str, name: str) -> Path:
        """Where an uploaded file stands."""
        return self.folder(bank) / name

    def receive(self, job: str, name: str, stream: BinaryIO) -> UploadedFile:
        """Takes in a file for a job; it is on disk when this returns. Raises `StorageError`."""
        folder = self._incoming(job)
        with _told(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / name).open("xb") as file:
                shutil.copyfileobj(stream, file, 1 << 20)
                file.flush()
                os.fsync(file.fileno())
                size = file.tell()
            _sync(folder)
        return UploadedFile(name, size)

    def place(self, job: str, bank: str, names: Iterable[str]) -> list[Path]:
        """Puts the files of a job into their places, as far as they are not there yet; where they stand."""
        incoming, folder = self._incoming(job), self.folder(bank)
        with _told(folder):
            folder.mkdir(parents=True, exist_ok=True)
            (incoming / BEFORE).mkdir(parents=True, exist_ok=True)
            for name in names:
                arrived, target, before = incoming / name, folder / name, incoming / BEFORE / name
                if not arrived.exists():
                    continue
                if target.exists() and not before.exists():
                    target.replace(before)
                arrived.replace(target)
            _sync(folder)
        return [folder / name for name in names]

    def settle(self, job: str, bank: str, refused: Sequence[str]) -> None:
        """The job has ended: files that could not be read give way to what stood there before."""
        incoming = self._incoming(job)
        with _told(self.folder(bank)):
            for name in refused:
                before, target = incoming / BEFORE / name, self.path(bank, name)
                if before.exists():
                    before.replace(target)
                else:
                    target.unlink(missing_ok=True)
        self.discard(job)

    def discard(self, job: str) -> None:
        """Forgets what has arrived for a job that does not happen."""
        shutil.rmtree(self._incoming(job), ignore_errors=True)

    def remove(self, bank: str, uris: Collection[str]) -> int:
        """Deletes those of these files that were uploaded to the bank; how many. Others belong to somebody else."""
        folder = self.folder(bank)
        mine = [path for path in map(Path, uris) if path.parent == folder]
        with _told(folder):
            for path in mine:
                path.unlink(missing_ok=True)
        return len(mine)

    def forget(self, known: Collection[str], *, age: float = OLD) -> None:
        """Forgets what arrived more than `age` seconds ago for jobs that nobody knows: they were never accepted."""
        incoming = self.root / UPLOADS / INCOMING
        for folder in list(incoming.iterdir()) if incoming.is_dir() else []:
            if folder.name not in known and folder.stat().st_mtime < time.time() - age:
                self.discard(folder.name)

    def _incoming(self, job: str) -> Path:
        return self.root / UPLOADS / INCOMING / job


def file_name(given: str) -> str:
    """The name under which an uploaded file is kept: its last part, without what a file system could take amiss.

    Raises `UsageError` where nothing is left of it.
    """
    last = PurePosixPath(unicodedata.normalize("NFC", given).replace("\\", "/")).name
    name = UNSAFE.sub("_", last).lstrip(" .").rstrip(" .")
    if not name.strip("_"):
        raise UsageError(f"{given[:80]!a} cannot be the name of a file:", hint="name the file, such as handbook.pdf.")
    name = f"_{name}" if RESERVED.match(name) else name
    stem, dot, suffix = name.rpartition(".")
    while len(name.encode()) > LONGEST_NAME and len(stem) > 1:
        stem = stem[:-1]
        name = f"{stem}{dot}{suffix}"
    return name.encode()[:LONGEST_NAME].decode(errors="ignore")


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"Cannot write to {folder.name}: {error.strerror}.", hint="Free some space or check the permissions."
        ) from error


def _sync(folder: Path) -> None:
    """Makes names durable, where the system lets a folder be opened."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
