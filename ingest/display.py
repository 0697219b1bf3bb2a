"""An ingest as people see it: bars while it runs on a terminal, then what went in and what did not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ingest.pipeline import Progress
from ingest.report import MEANING, FileResult, IngestReport, Outcome
from knowledge.terminal.presentation import console, printable, shown_path

if TYPE_CHECKING:
    from rich.console import Console

SECONDS_A_LINE = 10.0


@contextmanager
def progress_shown() -> Iterator[Callable[[Progress], None]]:
    """Takes progress and shows it: a bar for each bank on a terminal, a line now and then elsewhere."""
    out = console(stderr=True)
    if not out.is_terminal:
        yield _Lines(out).show
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}", style="bold"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files · {task.fields[chunks]:,} chunks"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=out, transient=True) as bars:
        tasks = dict[str, object]()

        def show(progress: Progress) -> None:
            if progress.bank not in tasks:
                tasks[progress.bank] = bars.add_task(progress.bank, total=progress.total, chunks=0)
            task = list(tasks).index(progress.bank)
            bars.update(bars.task_ids[task], completed=progress.done, chunks=progress.chunks)

        yield show


class _Lines:
    """Progress where nothing can be drawn over."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._next = time.monotonic() + SECONDS_A_LINE

    def show(self, progress: Progress) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + SECONDS_A_LINE
            self._out.print(
                f"{progress.bank}: {progress.done:,} of {progress.total:,} files, {progress.chunks:,} chunks"
            )


def print_report(report: IngestReport, out: Console) -> None:
    """The summary, then every file that needs a word."""
    out.print(report.summary, style="bold" if out.is_terminal else "")
    for line in report_lines(report):
        out.print(f"  {line}", soft_wrap=True)


def report_lines(report: IngestReport) -> Iterator[str]:
    """What a plan would change, each file that was not read and why, notes, and what was skipped."""
    if report.planned:
        for result in report.results:
            if result.outcome is Outcome.RENAMED:
                yield f"renamed: {shown_path(result.was)} is now {shown_path(result.uri)}"
            elif result.outcome not in (Outcome.UNCHANGED, Outcome.FAILED):
                yield f"{MEANING[result.outcome]}: {shown_path(result.uri)}"
    for result in report.failed:
        yield f"not read: {_told(result, result.reason)}"
        if result.title:
            yield "  What the bank held of it before stays."
    for result in report.results:
        for note in result.notes:
            yield f"note: {shown_path(result.uri)}: {printable(note)}"
    if report.skipped:
        endings = ", ".join(f"{count:,} {suffix}" for suffix, count in sorted(report.skipped.items()))
        yield f"skipped, since their format is not read: {endings}"


def _told(result: FileResult, reason: str) -> str:
    """A reason with its file; the file comes first only where the reason does not begin with its name."""
    path, reason = shown_path(result.uri), printable(reason)
    name = reason.split(" ", 1)[0]
    return f"{path.removesuffix(name)}{reason}" if name and path.endswith(name) else f"{path}: {reason}"
