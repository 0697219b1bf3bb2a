"""The folders that a knowledge instance is built from, and the files in them that were asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.parsers.registry import Registry
from ingest.sources import Listing, Source, SourceKind, list_source, parse_source
from knowledge.errors import UsageError

Types = Sequence[str] | str | None
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder, and the endings of the files in it that count; `given` is how it was written."""

    given: str
    source: Source
    suffixes: frozenset[str]

    def listing(self) -> Listing:
        """The files; raises `UsageError` where the folder is missing, none, or holds none of these."""
        path = Path(self.source.spec)
        if not path.exists():
            raise UsageError(f"The folder {self.given} does not exist (looked for {path}).", hint="Check the path.")
        if not path.is_dir():
            raise UsageError(f"{self.given} is not a folder:", hint="name the folder that the file stands in.")
        listing = list_source(self.source, self.suffixes)
        if not (listing.files or listing.refused or listing.unlisted):
            raise UsageError(f"The folder {self.given} holds no {self._wanted()} file{_instead(listing)}.")
        return listing

    def _wanted(self) -> str:
        return " or ".join(sorted(self.suffixes)) if len(self.suffixes) <= MOST_NAMED else "readable"


def requested(data_dirs_and_types: Mapping[str | Path, Types]) -> tuple[Folder, ...]:
    """The folders of a request such as `{"./docs": [".md", ".pdf"]}`; relative ones stand in the working folder.

    `None` in place of endings takes every file that can be read. A folder that is named twice takes both sets.
    Raises `UsageError` for anything else.
    """
    if not isinstance(data_dirs_and_types, Mapping) or not data_dirs_and_types:
        raise UsageError("No folders were named:", hint='give them with their file types: {"./docs": [".md", ".pdf"]}.')
    folders: dict[Source, Folder] = {}
    for given, types in data_dirs_and_types.items():
        source = Source(SourceKind.PATH, _absolute(given))
        known = folders[source].suffixes if source in folders else frozenset()
        folders[source] = Folder(str(given), source, known | suffixes(types, given=str(given)))
    return tuple(folders.values())


def suffixes(types: Types, *, given: str) -> frozenset[str]:
    """File types as endings: `.MD`, `md` and `*.md` all mean `.md`."""
    if types is None:
        return Registry().suffixes()
    listed = [types] if isinstance(types, str) else types
    if not _are_texts(listed) or not all(kind.strip("*. ") for kind in listed) or not listed:
        raise UsageError(f"{types!r} are not file types of {given}:", hint='write them as [".md", ".pdf"].')
    return frozenset(f".{kind.strip().lower().removeprefix('*').removeprefix('.')}" for kind in listed)


def _are_texts(values: object) -> bool:
    return isinstance(values, Iterable) and all(isinstance(value, str) for value in values)


def _absolute(given: object) -> str:
    if not isinstance(given, str | Path) or not str(given).strip():
        raise UsageError(f"{given!r} is not a folder:", hint='write its path, as in {"./docs": [".md"]}.')
    # By way of a place below it, so that the characters of a glob in a folder's name stay what they are.
    return str(Path(parse_source(Path(given) / "_", folder=Path.cwd()).spec).parent)


def _instead(listing: Listing) -> str:
    found = ", ".join(f"{count} {suffix}" for suffix, count in listing.skipped.most_common(MOST_NAMED))
    return f", only {found}" if found else " at all"
