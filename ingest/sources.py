"""What an argument stands for: a folder, a glob, a file, standard input or an address, and the files in it."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from ingest.walking import Walk
from knowledge.errors import UsageError

STDIN = "-"
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
MAGIC = re.compile(r"[*?\[]")
CLASS_TOKEN = re.compile(r"(.)-(.)|.", re.DOTALL)
NOTHING = "(?!)"
GLOB_TOKEN = re.compile(r"\*|\?|\[(!?)(\]?[^\]]*)\]|.", re.DOTALL)


class SourceKind(StrEnum):
    """How a source is expanded. A folder and a file are one kind, since one may take the place of the other."""

    PATH = "path"
    GLOB = "glob"
    STDIN = "stdin"
    URL = "url"
    DOCUMENTS = "documents"


@dataclass(frozen=True, slots=True)
class Source:
    """One argument, as it is recorded: `spec` is absolute, so that it means the same from any folder."""

    kind: SourceKind
    spec: str

    @property
    def is_local(self) -> bool:
        """Whether the source is on a disk of this machine."""
        return self.kind in (SourceKind.PATH, SourceKind.GLOB)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One file of a source, not read yet. `uri` is its absolute path or its address; `size` 0 where unknown."""

    uri: str
    size: int = 0
    mtime_ns: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of one source; all of them unless it is not `complete`.

    `missing` says that the source itself does not exist, `unlisted` maps folders that could not be read to
    the reason, `refused` files that cannot be opened as such, `skipped` counts files by their unknown ending.
    """

    source: Source
    files: tuple[Candidate, ...] = ()
    missing: bool = False
    unlisted: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    complete: bool = True

    def may_hold(self, uri: str) -> bool:
        """Whether a file that is not listed may still exist: it was not asked for, or its folder could not be read."""
        return (
            not self.complete or uri in self.refused or any(uri.startswith(folder + os.sep) for folder in self.unlisted)
        )


def parse_source(argument: str | Path, *, folder: Path, name: str = "stdin") -> Source:
    """What `argument` means; relative paths are taken from `folder`, `name` names standard input.

    Raises `UsageError` for an address that is neither http nor https.
    """
    text = str(argument)
    if text == STDIN:
        return Source(SourceKind.STDIN, name)
    if ADDRESS.match(text):
        if not text.lower().startswith(("http://", "https://")):
            raise UsageError(f"{text}: only http and https addresses can be ingested.")
        return Source(SourceKind.URL, text)
    path = os.path.abspath(folder / Path(text).expanduser())  # noqa: PTH100 - resolve() would follow links
    is_glob = MAGIC.search(text) and not os.path.lexists(path)
    return Source(SourceKind.GLOB if is_glob else SourceKind.PATH, path)


def list_source(source: Source, suffixes: Iterable[str]) -> Listing:
    """The files of a source, sorted. Folders give files whose ending is in `suffixes` and count the others."""
    match source.kind:
        case SourceKind.PATH if Path(source.spec).is_dir():
            return _list_folder(source, frozenset(suffixes))
        case SourceKind.PATH:
            return _list_file(source)
        case SourceKind.GLOB:
            return _list_glob(source)
        case SourceKind.STDIN:
            return Listing(source, (Candidate(f"stdin:{source.spec}"),))
        case _:
            return Listing(source, (Candidate(source.spec),))


def _list_folder(source: Source, suffixes: frozenset[str]) -> Listing:
    walk = Walk(source.spec)
    files: list[Candidate] = []
    refused: dict[str, str] = {}
    skipped: Counter[str] = Counter()
    for entry in walk.entries():
        suffix = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122 - thousands of files
        if suffix not in suffixes:
            skipped[suffix or "no ending"] += 1
        elif entry.problem:
            refused[entry.path] = entry.problem
        else:
            files.append(Candidate(entry.path, entry.size, entry.mtime_ns))
    return Listing(source, tuple(files), False, walk.unlisted, refused, skipped)


def _list_glob(source: Source) -> Listing:
    pattern = glob_pattern(source.spec)
    walk = Walk(_fixed_part(source.spec))
    found = [entry for entry in walk.entries() if pattern.fullmatch(entry.path.replace(os.sep, "/"))]
    files = tuple(Candidate(entry.path, entry.size, entry.mtime_ns) for entry in found if not entry.problem)
    refused = {entry.path: entry.problem for entry in found if entry.problem}
    return Listing(source, files, not found and not walk.unlisted, walk.unlisted, refused)


def _list_file(source: Source) -> Listing:
    path = Path(source.spec)
    try:
        stat = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return Listing(source, missing=True)
    except OSError as error:
        return Listing(source, refused={source.spec: error.strerror or "cannot be opened"})
    if not path.is_file():
        return Listing(source, refused={source.spec: "is not a regular file"})
    return Listing(source, (Candidate(source.spec, stat.st_size, stat.st_mtime_ns),))


def glob_pattern(glob: str) -> re.Pattern[str]:
    """A pattern for whole paths with forward slashes: `*` and `?` stay within a name, `**` spans folders."""
    parts = glob.replace(os.sep, "/").split("/")
    pattern = ""
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            pattern += ".*" if last else "(?:[^/]+/)*"
        else:
            pattern += GLOB_TOKEN.sub(_as_pattern, part) + ("" if last else "/")
    return re.compile(pattern, re.DOTALL)


def _as_pattern(token: re.Match[str]) -> str:
    match token.group():
        case "*":
            return "[^/]*"
        case "?":
            return "[^/]"
        case text if token[2] is None:
            return re.escape(text)
        case _:
            letters = CLASS_TOKEN.sub(_as_letters, token[2])
            return f"[^/{letters}]" if token[1] else f"[{letters}]" if letters else NOTHING


def _as_letters(token: re.Match[str]) -> str:
    """A range or a letter of a character class; a range that runs backwards holds nothing."""
    if token[2]:
        return f"{re.escape(token[1])}-{re.escape(token[2])}" if token[1] <= token[2] else ""
    return re.escape(token.group())


def _fixed_part(glob: str) -> str:
    """The folder above the first part of a glob that is not literal."""
    parts = Path(glob).parts
    fixed = next(index for index, part in enumerate(parts) if MAGIC.search(part))
    return str(Path(*parts[:fixed]))
