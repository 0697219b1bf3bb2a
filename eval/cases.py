"""Cases: questions with reference answers and the evidence that supports them, one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError

from eval.wrong_field import wrong_field
from knowledge.errors import ConfigError
from knowledge.types import ANYONE, Reader

# Unknown fields are refused: a misspelt optional field would otherwise weaken a measurement without a word.
STRICT = ConfigDict(strict=True, extra="forbid")


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("expected some words")
    return text


Words = Annotated[str, AfterValidator(_not_blank)]
Offset = Annotated[int, Field(ge=0)]


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the conversation before the question."""

    __pydantic_config__ = STRICT

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Gold:
    """Evidence: a document, or a page or span of it.

    `doc` is a path below the folder of documents, or a passage's id. `page` counts from 1. `start` and `end` count
    code points in the document's text, and `text` is then exactly that slice. Entries of one `group` are
    alternatives; an entry without a group stands for itself.
    """

    __pydantic_config__ = STRICT

    doc: Annotated[str, Field(min_length=1)]
    page: Annotated[int, Field(ge=1)] | None = None
    start: Offset | None = None
    end: Offset | None = None
    text: str = ""
    group: int | None = None
    grade: int = 1

    def __post_init__(self) -> None:
        if (self.start is None) != (self.end is None):
            raise ValueError("`start` and `end` belong together")
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError("`start` must lie before `end`")


@dataclass(frozen=True, slots=True)
class Case:
    """A question, what answers it and where that stands.

    `answers` are alternatives and may be empty. `answerable` is false where the right reply is that the documents
    do not say. `history` holds earlier turns, oldest first.
    """

    __pydantic_config__ = STRICT

    id: Annotated[str, Field(min_length=1)]
    question: Words
    answers: tuple[str, ...]
    answerable: bool
    gold: tuple[Gold, ...]
    bank: str | None = None
    history: tuple[Turn, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def groups(self) -> tuple[tuple[Gold, ...], ...]:
        """The evidence as it is counted: every group is needed, any entry of a group is enough."""
        groups: dict[tuple[str, int], list[Gold]] = {}
        for position, entry in enumerate(self.gold):
            key = ("alone", position) if entry.group is None else ("group", entry.group)
            groups.setdefault(key, []).append(entry)
        return tuple(tuple(entries) for entries in groups.values())

    @property
    def turns(self) -> tuple[str, ...]:
        """What was said before the question, oldest first."""
        return tuple(turn.text for turn in self.history)

    @property
    def reader(self) -> Reader:
        """Who asks: the role that `meta.reader` names, else anyone."""
        role = self.meta.get("reader")
        return Reader(frozenset({role})) if isinstance(role, str) else ANYONE


def load_cases(path: Path) -> tuple[Case, ...]:
    """The cases of a JSON Lines file; `ConfigError` names the line and the field that is wrong."""
    adapter = TypeAdapter(Case)
    cases: dict[str, Case] = {}
    for number, line in _lines(path):
        case = _case(adapter, line, f"{path}, line {number}")
        if case.id in cases:
            raise ConfigError(f"{path}, line {number}, field `id`: {case.id!r} has been used before.")
        cases[case.id] = case
    if not cases:
        raise ConfigError(f"{path}: holds no cases:", hint="write one JSON object a line.")
    return tuple(cases.values())


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, numbered from 1."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text:", hint="save it as UTF-8.") from error


def _case(adapter: TypeAdapter[Case], line: str, place: str) -> Case:
    try:
        return adapter.validate_json(line)
    except ValidationError as error:
        name, words = wrong_field(error)
        raise ConfigError(f"{place}{f', field `{name}`' if name else ''}: {words}.") from error
