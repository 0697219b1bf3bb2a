"""The result of a run, as a file that other runs are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from eval.runs.record import CaseRecord
from eval.summaries.outcomes import Outcomes
from eval.whole_file import write_whole
from eval.wrong_field import wrong_field
from knowledge.errors import ConfigError

FORMAT: Literal[1] = 1


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure over a run: its value, its 95 % confidence interval, and over how many cases."""

    value: float
    low: float
    high: float
    cases: int


@dataclass(frozen=True)
class RunResult:
    """All records of a run, its figures, and what they depend on.

    `configuration` holds what `Configuration` does. Records stand in the order of the cases.
    """

    name: str
    created: str
    configuration: Mapping[str, Any]
    configuration_hash: str
    records: tuple[CaseRecord, ...]
    figures: Mapping[str, Figure] = field(default_factory=dict)
    seconds: float = 0.0
    format: Literal[1] = FORMAT

    @cached_property
    def outcomes(self) -> Outcomes:
        """The records as summaries count them."""
        return Outcomes.of([record.outcome for record in self.records])

    @cached_property
    def stages(self) -> dict[str, int]:
        """How many cases failed at each stage."""
        counted: dict[str, int] = {}
        for record in self.records:
            if record.stage:
                counted[record.stage] = counted.get(record.stage, 0) + 1
        return counted

    @cached_property
    def unjudged(self) -> dict[str, int]:
        """How many cases each metric failed to judge."""
        counted: dict[str, int] = {}
        for record in self.records:
            for name in record.unjudged:
                counted[name] = counted.get(name, 0) + 1
        return counted

    @property
    def errors(self) -> tuple[CaseRecord, ...]:
        """The cases on which the system failed."""
        return tuple(record for record in self.records if record.error)


RESULT: TypeAdapter[RunResult] = TypeAdapter(RunResult)


def save_result(result: RunResult, path: Path) -> None:
    """Writes the file, whole or not at all; raises `StorageError`."""
    write_whole(path, RESULT.dump_json(result, indent=1, exclude_defaults=True))


def load_result(path: Path) -> RunResult:
    """The result in the file `path`; raises `ConfigError` where it is none."""
    try:
        return RESULT.validate_json(path.read_bytes(), strict=False)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        name, words = wrong_field(error)
        place = f" (field `{name}`: {words})" if name else ""
        raise ConfigError(
            f"{path}: is no result of a run{place}:",
            hint="write one with refdesk eval run CASES --out FILE.",
        ) from error
