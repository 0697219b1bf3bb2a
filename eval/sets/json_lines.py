"""Lines of a data file, each with its place, checked field by field."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file as fields, and where it stands."""

    place: str
    fields: Mapping[str, Any]

    def text(self, name: str, *, default: str | None = None) -> str:
        """A field that holds text; raises `ConfigError` where it is missing, empty or something else."""
        value = self.fields.get(name, default)
        if isinstance(value, str) and (value.strip() or default is not None):
            return value
        raise self.wrong(name, "expected text")

    def whole(self, name: str) -> int:
        """A field that holds a whole number, written as one or as text."""
        value = self.fields.get(name)
        try:
            if isinstance(value, bool) or not isinstance(value, int | str):
                raise ValueError
            return int(value)
        except ValueError:
            raise self.wrong(name, "expected a whole number") from None

    def wrong(self, name: str, expected: str) -> ConfigError:
        """What to raise about a field."""
        found = f", found {self.fields[name]!r}" if name in self.fields else ", found nothing"
        return ConfigError(f"{self.place}, field `{name}`: {expected}{found}.")


def json_rows(path: Path) -> Iterator[Row]:
    """The objects of a JSON Lines file."""
    for number, line in _lines(path):
        place = f"{path}, line {number}"
        try:
            fields = json.loads(line)
        except json.JSONDecodeError as error:
            raise ConfigError(f"{place}: Invalid JSON: {error.msg}, column {error.colno}.") from error
        except RecursionError as error:
            raise ConfigError(f"{place}: Invalid JSON: it is nested too deeply.") from error
        if not isinstance(fields, dict):
            raise ConfigError(f"{place}: expected a JSON object.")
        yield Row(place, fields)


def table_rows(path: Path, names: Sequence[str], *, separator: str | None = "\t") -> Iterator[Row]:
    """The lines of a table without quoting; separated by white space where `separator` is None."""
    for number, line in _lines(path):
        cells = line.split() if separator is None else next(csv.reader([line], delimiter=separator, quoting=3))
        if len(cells) < len(names):
            apart = "tabs" if separator else "spaces"
            raise ConfigError(
                f"{path}, line {number}, field `{names[len(cells)]}`: expected {len(names)} columns, set apart by "
                f"{apart}, found {len(cells)}."
            )
        yield Row(f"{path}, line {number}", dict(zip(names, cells, strict=False)))


def told_apart(rows: Iterable[Row], name: str) -> Iterator[tuple[str, Row]]:
    """The rows, each with its id in the field `name`; raises `ConfigError` where two share one."""
    known: set[str] = set()
    for row in rows:
        id = row.text(name)
        if id in known:
            raise row.wrong(name, "expected an id that was not used before")
        known.add(id)
        yield id, row


def read_text(path: Path) -> str:
    """The file as UTF-8 text; raises `ConfigError`."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text:", hint="save it as UTF-8.") from error


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            yield number, line.rstrip("\r")
