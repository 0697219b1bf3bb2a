"""The file that a document was read from, as long as it still holds the same bytes."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

MEGABYTE = 1 << 20
KEPT_BYTES = 64 * MEGABYTE
Stamp = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Original:
    """The bytes of a file and their SHA-256, which is that of the bytes that were ingested."""

    name: str
    digest: str
    data: bytes = field(repr=False)


class Originals:
    """Reads files that were ingested, and nothing else. Thread-safe; keeps what was read last in memory.

    A path is only where to look. What is given away are bytes of the recorded hash: whoever puts another file or a
    link in the place of one that was ingested gets nothing but a refusal.
    """

    def __init__(self, *, max_file_mb: float, kept_bytes: int = KEPT_BYTES) -> None:
        self._most = int(max_file_mb * MEGABYTE)
        self._kept_bytes = kept_bytes
        self._lock = Lock()
        self._kept: OrderedDict[tuple[str, str], tuple[Stamp, Original]] = OrderedDict()

    def read(self, uri: str, digest: str) -> Original | None:
        """The file at `uri` if its bytes have the SHA-256 `digest`; else None, whatever the reason."""
        if not Path(uri).is_absolute():
            return None
        try:
            descriptor = os.open(uri, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        except (OSError, ValueError):
            return None
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > self._most:
                return None
            stamp = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            kept = self._recalled(uri, digest, stamp)
            return kept or self._checked(uri, digest, stamp, stream.read(self._most + 1))

    def _recalled(self, uri: str, digest: str, stamp: Stamp) -> Original | None:
        with self._lock:
            kept_stamp, original = self._kept.get((uri, digest), ((), None))
            return original if kept_stamp == stamp else None

    def _checked(self, uri: str, digest: str, stamp: Stamp, data: bytes) -> Original | None:
        if hashlib.sha256(data).hexdigest() != digest:
            return None
        original = Original(Path(uri).name, digest, data)
        with self._lock:
            self._kept[uri, digest] = stamp, original
            self._kept.move_to_end((uri, digest))
            while len(self._kept) > 1 and sum(len(one.data) for _, one in self._kept.values()) > self._kept_bytes:
                self._kept.popitem(last=False)
        return original
