"""Walks a folder: sorted, past hidden files and banks, and never in circles."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter

from knowledge.settings import CONFIG_NAME

BANK_MARK = "catalog.sqlite"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that was found; `problem` says why it cannot be opened as one."""

    path: str
    name: str
    size: int = 0
    mtime_ns: int = 0
    problem: str = ""


@dataclass(slots=True)
class Walk:
    """One walk below the folder `root`; afterwards `unlisted` holds the folders that could not be read, and why.

    Linked folders are visited after real ones, and no real folder twice.
    """

    root: str
    unlisted: dict[str, str] = field(default_factory=dict)
    _seen: set[tuple[int, int]] = field(default_factory=set)

    def entries(self) -> Iterator[Entry]:
        """Every file below the root, by path."""
        return iter(sorted(self._found(), key=attrgetter("path")))

    def _found(self) -> Iterator[Entry]:
        real, linked = [self.root], list[str]()
        while real or linked:
            folder = real.pop() if real else linked.pop(0)
            if not self._is_new(folder):
                continue
            for item in self._listed(folder):
                if item.is_dir():
                    (linked if item.is_symlink() else real).append(item.path)
                elif item.name != CONFIG_NAME:
                    yield _entry(item)

    def _is_new(self, folder: str) -> bool:
        try:
            stat = os.stat(folder)  # noqa: PTH116 - a walk may see a hundred thousand folders
        except OSError as error:
            self.unlisted[folder] = error.strerror or "cannot be read"
            return False
        key = (stat.st_dev, stat.st_ino)
        new = key not in self._seen
        self._seen.add(key)
        return new

    def _listed(self, folder: str) -> list[os.DirEntry[str]]:
        """What stands in a folder, hidden files left out; nothing for a bank's own folder."""
        try:
            with os.scandir(folder) as listing:
                items = list(listing)
        except OSError as error:
            self.unlisted[folder] = error.strerror or "cannot be read"
            return []
        if any(item.name == BANK_MARK for item in items):
            return []
        return [item for item in items if not item.name.startswith(".")]


def _entry(item: os.DirEntry[str]) -> Entry:
    try:
        if item.is_file():
            stat = item.stat()
            return Entry(item.path, item.name, stat.st_size, stat.st_mtime_ns)
        problem = "is a link to nothing" if item.is_symlink() else "is not a regular file"
    except OSError as error:
        problem = error.strerror or "cannot be opened"
    return Entry(item.path, item.name, problem=problem)
