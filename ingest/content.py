"""The bytes of a candidate: read from disk, standard input or an address, and what names them."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from os import fstat
from pathlib import Path, PurePath
from typing import Protocol

from ingest.sources import Candidate, Source, SourceKind
from ingest.web import fetch
from knowledge.errors import LimitExceeded, ParseError
from knowledge.types import MetadataValue

MEGABYTE = 1 << 20
# Within this time a file can be written twice without its time stamp saying so, on the coarsest file systems.
STAMP_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Content:
    """What a candidate holds. `name` is for messages, `suffix` tells the format, the stat is that of these bytes.

    `mtime_ns` is 0 where it cannot be trusted to change with the next edit. `title` and `metadata` are what is
    known beyond the bytes; they win over what a parser finds.
    """

    data: bytes = field(repr=False)
    name: str
    suffix: str
    size: int
    mtime_ns: int
    title: str = ""
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes, and of what is known beyond them."""
        digest = hashlib.sha256(self.data)
        if self.title or self.metadata:
            digest.update(json.dumps([self.title, dict(self.metadata)], sort_keys=True).encode())
        return digest.hexdigest()


class ContentReader(Protocol):
    """Where the bytes of candidates come from."""

    def read(self, source: Source, candidate: Candidate) -> Content:
        """The bytes of one candidate of `source`; raises `ParseError` with the reason and what to do."""
        ...


@dataclass(frozen=True, slots=True)
class FileReader:
    """Reads files, standard input and addresses within limits; raises `ParseError` with the reason and what to do."""

    max_file_mb: float
    seconds: float
    clock: Callable[[], int] = time.time_ns

    def read(self, source: Source, candidate: Candidate) -> Content:
        """The bytes of one candidate of `source`."""
        if source.kind is SourceKind.URL:
            page = fetch(candidate.uri, max_mb=self.max_file_mb, seconds=self.seconds)
            return Content(page.data, page.name, page.suffix, len(page.data), 0)
        if source.kind is SourceKind.STDIN:
            return self._read_stdin(source.spec)
        return self._read_file(shown_name(source, candidate.uri), Path(candidate.uri))

    def _read_stdin(self, name: str) -> Content:
        data = sys.stdin.buffer.read(int(self.max_file_mb * MEGABYTE) + 1)
        if len(data) > self.max_file_mb * MEGABYTE:
            raise self._too_large(name)
        return Content(data, name, PurePath(name).suffix.lower(), len(data), 0)

    def _read_file(self, name: str, path: Path) -> Content:
        try:
            if not path.is_file():
                path.stat()
                raise ParseError(f"{name} is not a regular file:", hint="name a file or a folder.")
            with path.open("rb") as stream:
                stat = fstat(stream.fileno())
                if stat.st_size > self.max_file_mb * MEGABYTE:
                    raise self._too_large(name)
                data = stream.read(int(self.max_file_mb * MEGABYTE) + 1)
        except OSError as error:
            raise _unreadable(name, error) from None
        if len(data) > self.max_file_mb * MEGABYTE:
            raise self._too_large(name)
        stamp = stat.st_mtime_ns if stat.st_mtime_ns < self.clock() - STAMP_NS else 0
        return Content(data, name, path.suffix.lower(), stat.st_size, stamp)

    def _too_large(self, name: str) -> LimitExceeded:
        return LimitExceeded(
            f"{name} is larger than the limit of {self.max_file_mb:g} MB:",
            hint="split it, or raise ingest.max_file_mb.",
        )


def shown_name(source: Source, uri: str) -> str:
    """What a file of `source` is called in messages: its path below the source."""
    if source.kind is SourceKind.PATH and uri.startswith(source.spec) and uri != source.spec:
        return uri[len(source.spec) :].lstrip("/\\")
    return PurePath(uri).name if source.is_local else uri


def _unreadable(name: str, error: OSError) -> ParseError:
    if isinstance(error, FileNotFoundError):
        return ParseError(f"{name} is gone:", hint="it was removed or renamed since the folder was listed.")
    if isinstance(error, PermissionError):
        return ParseError(f"{name} may not be read:", hint="change its permissions, or run as its owner.")
    return ParseError(f"{name} could not be read ({error.strerror}):", hint="check the disk, then repeat.")
