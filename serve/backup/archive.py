"""The archive: one compressed tar whose first member says what it is, and whose last holds the hash of all others."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from knowledge.errors import StorageError

FORMAT = 1
HEADER = "refdesk-backup.json"
MANIFEST = "manifest.json"
DATA = "data/"
BLOCK = 1 << 20
LONGEST_JSON = 256 << 20
# What could lead out of a folder.
ESCAPING = re.compile(r"(^|/)\.{0,2}(/|$)|\x00" + (r"|[\\:]" if os.name == "nt" else ""))


@dataclass(frozen=True, slots=True)
class Header:
    """What made the archive, and when, and of which folder."""

    format: int
    made: str
    refdesk: str
    root: str
    database: str
    catalog_format: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the archive; `sha256` and `size` are those of its bytes."""

    path: str
    size: int
    sha256: str
    mtime_ns: int


class ArchiveWriter:
    """Writes an archive, piece by piece."""

    def __init__(self, stream: IO[bytes], header: Header) -> None:
        # `finish` closes it; a file that is given up is no archive anyway.
        self._tar = tarfile.open(fileobj=stream, mode="w:gz", format=tarfile.PAX_FORMAT, compresslevel=6)  # noqa: SIM115
        self._entries: list[Entry] = []
        self._json(HEADER, asdict(header))

    def add(self, path: str, source: Path) -> None:
        """Add the file `source` under `path`. Raises `StorageError` where it shrinks meanwhile."""
        with source.open("rb") as stream:
            status = os.fstat(stream.fileno())
            hashed = _Hashed(stream)
            try:
                self._tar.addfile(_member(DATA + path, status.st_size, status.st_mode), hashed)
            except OSError as error:
                if error.errno is not None:
                    raise
                raise StorageError(f"{source} changed while it was copied:", hint="run the backup again.") from error
        self._entries.append(Entry(path, status.st_size, hashed.sha256, status.st_mtime_ns))

    def finish(self) -> tuple[Entry, ...]:
        """Add the manifest, which makes the archive whole; gives what it lists."""
        self._json(MANIFEST, {"files": [asdict(entry) for entry in self._entries]})
        self._tar.close()
        return tuple(self._entries)

    def _json(self, name: str, value: Any) -> None:
        data = json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8", "surrogateescape")
        self._tar.addfile(_member(name, len(data), 0o600), io.BytesIO(data))


def unpack(file: Path, folder: Path) -> tuple[Header, tuple[Entry, ...]]:
    """Put the files of an archive below `folder`, each checked against the manifest.

    Raises `StorageError` for what is no whole archive, was changed, is of a later format, or names a path outside.
    """
    found: dict[str, tuple[int, str]] = {}
    listed: tuple[Entry, ...] | None = None
    with _damage_told(file), tarfile.open(file, "r|gz") as tar:
        members = iter(tar)
        header = _header(tar, next(members, None), file)
        for member in members:
            if listed is not None:
                raise _damaged(file, "something follows its end")
            if member.name == MANIFEST:
                listed = tuple(Entry(**one) for one in _read_json(tar, member)["files"])
            else:
                path = checked_path(file, member)
                if path in found:
                    raise _damaged(file, f"{path} is in it twice")
                found[path] = _write(tar, member, folder / path)
    if listed is None:
        raise _damaged(file, "it ends too early")
    if header.database and header.database not in found:
        raise _damaged(file, "it lacks its database")
    if found != {entry.path: (entry.size, entry.sha256) for entry in listed}:
        raise _damaged(file, "it does not hold what its manifest lists")
    for entry in listed:
        os.utime(folder / entry.path, ns=(entry.mtime_ns, entry.mtime_ns))
    return header, listed


def checked_path(file: Path, member: tarfile.TarInfo) -> str:
    """The path of a member below the root; raises `StorageError` for all but plain files that stay there."""
    name = member.name
    path = name.removeprefix(DATA)
    if not member.isreg() or not name.startswith(DATA) or ESCAPING.search(path):
        raise _damaged(file, f"{name!a} is no file that may stand in a backup")
    return path


def _header(tar: tarfile.TarFile, first: tarfile.TarInfo | None, file: Path) -> Header:
    if first is None or first.name != HEADER:
        raise StorageError(f"{file} is no backup of Refdesk.", hint="Name a file that `refdesk backup` wrote.")
    given = _read_json(tar, first)
    if given["format"] > FORMAT:
        raise StorageError(
            f"{file} was made by a later version of Refdesk ({given['refdesk']}).", hint="Upgrade Refdesk."
        )
    header = Header(**{name: given[name] for name in Header.__slots__})
    if not all(isinstance(words, str) for words in (header.made, header.root, header.database)):
        raise ValueError(HEADER)
    return header


def _read_json(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Any:
    stream = tar.extractfile(member)
    if stream is None or member.size > LONGEST_JSON:
        raise ValueError(member.name)
    return json.loads(stream.read().decode("utf-8", "surrogateescape"))


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> tuple[int, str]:
    stream = tar.extractfile(member)
    assert stream is not None  # it is a plain file
    target.parent.mkdir(parents=True, exist_ok=True)
    hashed = _Hashed(stream)
    with target.open("xb") as written:
        while block := hashed.read(BLOCK):
            written.write(block)
        written.flush()
        os.fsync(written.fileno())
    target.chmod(0o600 | member.mode & 0o044)
    return target.stat().st_size, hashed.sha256


@contextmanager
def _damage_told(file: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error, KeyError, TypeError, ValueError) as error:
        raise _damaged(file, str(error) or type(error).__name__) from error
    except OSError as error:
        # Reading what is no gzip raises one without a number.
        if error.errno is None:
            raise _damaged(file, str(error)) from error
        raise


def _damaged(file: Path, why: str) -> StorageError:
    return StorageError(f"{file} is damaged, or no backup of Refdesk: {why}.", hint="Take another copy.")


def _member(name: str, size: int, mode: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, mode & 0o644
    return info


class _Hashed(io.RawIOBase):
    """A stream whose bytes are hashed as they are read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        block = self._stream.read(size)
        self._hash.update(block)
        return block

    @property
    def sha256(self) -> str:
        """The hash of all that was read."""
        return self._hash.hexdigest()
