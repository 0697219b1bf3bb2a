"""What became of an ingest: each file by name, and the whole in one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from knowledge.terminal.presentation import counted


class Outcome(StrEnum):
    """What became, or would become, of one file."""

    ADDED = "added"
    REPLACED = "replaced"
    PLACED = "placed"
    RENAMED = "renamed"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    FAILED = "failed"


MEANING = {
    Outcome.ADDED: "new",
    Outcome.REPLACED: "changed",
    Outcome.PLACED: "known already, now also here",
    Outcome.RENAMED: "renamed",
    Outcome.UNCHANGED: "unchanged",
    Outcome.REMOVED: "gone",
    Outcome.FAILED: "not read",
}


@dataclass(frozen=True, slots=True)
class FileResult:
    """One file. `reason` is a sentence that says why it failed and what to do; `notes` what was left out of it.

    `was` is where a renamed file stood before.
    """

    uri: str
    outcome: Outcome
    title: str = ""
    chunks: int = 0
    reason: str = ""
    notes: tuple[str, ...] = ()
    was: str = ""


@dataclass(frozen=True, slots=True)
class IngestReport:
    """One run over one bank.

    `skipped` counts files of folders by an ending that is not read; `seconds` is wall time, `timings` the
    seconds per stage, which overlap. `opened` and `closed` count the places that more and fewer roles may read than
    before, since the access rules have changed. With `planned`, nothing was written: all says what would happen.
    """

    bank: str
    results: tuple[FileResult, ...]
    seconds: float = 0.0
    timings: Mapping[str, float] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    stopped: bool = False
    planned: bool = False
    opened: int = 0
    closed: int = 0

    def having(self, *outcomes: Outcome) -> tuple[FileResult, ...]:
        """The files with one of these outcomes, in order."""
        return tuple(result for result in self.results if result.outcome in outcomes)

    @property
    def went_in(self) -> tuple[FileResult, ...]:
        """The files that were read and indexed."""
        return self.having(Outcome.ADDED, Outcome.REPLACED)

    @property
    def failed(self) -> tuple[FileResult, ...]:
        """The files that did not go in."""
        return self.having(Outcome.FAILED)

    @property
    def counts(self) -> Counter[Outcome]:
        """How many files had each outcome."""
        return Counter(result.outcome for result in self.results)

    @property
    def chunks(self) -> int:
        """How many chunks were indexed."""
        return sum(result.chunks for result in self.went_in)

    @property
    def chunks_per_second(self) -> float:
        """Chunks indexed per second of wall time."""
        return self.chunks / self.seconds if self.seconds else 0.0

    @property
    def exit_code(self) -> int:
        """0 when all went in, 1 when some did not, 130 after Ctrl-C."""
        return 130 if self.stopped else 1 if self.failed else 0

    @property
    def summary(self) -> str:
        """The whole run in one sentence."""
        counts = self.counts
        parts = [f"{counts[outcome]:,} {MEANING[outcome]}" for outcome in Outcome if counts[outcome]]
        told = ", ".join(parts) or "nothing to do"
        if self.planned:
            return f"{self.bank}: would find {told}.{self._access_told('would open', 'close')}"
        speed = f" ({counted(self.chunks, 'chunk')}, {self.chunks_per_second:,.0f} a second)" if self.chunks else ""
        return f"{self.bank}: {told}{speed} in {self.seconds:.1f} s.{self._access_told('opened', 'closed')}"

    def _access_told(self, opening: str, closing: str) -> str:
        """What changed rules come to, as a sentence after a space; nothing where they came to nothing."""
        if not self.opened and not self.closed:
            return ""
        return f" Access rules {opening} {self.opened:,} and {closing} {self.closed:,} {_files(self.closed)}."

    def to_json(self) -> dict[str, Any]:
        """The whole report as plain JSON values."""
        return {
            "bank": self.bank,
            "planned": self.planned,
            "stopped": self.stopped,
            "counts": {str(outcome): self.counts[outcome] for outcome in Outcome},
            "chunks": self.chunks,
            "seconds": self.seconds,
            "chunks_per_second": self.chunks_per_second,
            "timings": dict(self.timings),
            "skipped": dict(self.skipped),
            "opened": self.opened,
            "closed": self.closed,
            "results": [_result_to_json(result) for result in self.results],
        }


def _files(count: int) -> str:
    return "file" if count == 1 else "files"


class IngestStopped(KeyboardInterrupt):
    """Ctrl-C ended an ingest; the bank is sound and holds what `report` says."""

    def __init__(self, report: IngestReport) -> None:
        super().__init__()
        self.report = report

    def __str__(self) -> str:
        return f"stopped: {counted(len(self.report.went_in), 'document')} went in; run the same command to go on."


def _result_to_json(result: FileResult) -> dict[str, Any]:
    return {
        "uri": result.uri,
        "outcome": str(result.outcome),
        "title": result.title,
        "chunks": result.chunks,
        "reason": result.reason,
        "notes": list(result.notes),
        "was": result.was,
    }
