"""A run as people see it: a bar while it goes on, a table at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from eval.judges.agreement import agreements
from eval.runs.record import CaseRecord
from eval.runs.result import Figure, RunResult
from knowledge.terminal.presentation import console, print_table, printable

if TYPE_CHECKING:
    from rich.console import Console

SECONDS_A_LINE = 10.0
IN_SECONDS = ("latency", "latency-p50", "latency-p95")
FAILURES_SHOWN = 3


@contextmanager
def progress_shown(total: int) -> Iterator[Callable[[CaseRecord], None]]:
    """Takes records and shows how many of `total` there are: a bar on a terminal, a line now and then elsewhere."""
    out = console(stderr=True)
    if not out.is_terminal:
        yield _Lines(out, total)
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("cases"), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=out, transient=True) as bar:
        task = bar.add_task("cases", total=total)
        yield lambda _: bar.advance(task)


class _Lines:
    """Progress where nothing can be drawn over."""

    def __init__(self, out: Console, total: int) -> None:
        self._out, self._total, self._done = out, total, 0
        self._next = time.monotonic() + SECONDS_A_LINE

    def __call__(self, record: CaseRecord) -> None:
        self._done += 1
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + SECONDS_A_LINE
            self._out.print(f"{self._done:,} of {self._total:,} cases")


def print_result(result: RunResult, out: Console) -> None:
    """The table of figures, then where cases failed, then what could not be measured."""
    rows = [
        [
            name,
            shown(name, figure.value),
            f"{shown(name, figure.low)} to {shown(name, figure.high)}",
            f"{figure.cases:,}",
        ]
        for name, figure in result.figures.items()
    ]
    print_table(("metric", "value", "95 % interval", "cases"), rows, out)
    failed = sum(result.stages.values())
    if failed:
        stages = ", ".join(f"{stage} {count}" for stage, count in sorted(result.stages.items(), key=lambda s: -s[1]))
        out.print(f"\nWhere {failed} of {len(result.records)} cases failed: {stages}.")
    for line in (*agreed(result), *complaints(result)):
        out.print(printable(line))


def agreed(result: RunResult) -> list[str]:
    """One line for each judge that can be held against a measure."""
    return [
        f"{one.one} agrees with {one.other} on {one.share:.0%} of {one.cases} cases (kappa {one.kappa:.2f})."
        for one in agreements(result.records)
    ]


def complaints(result: RunResult) -> list[str]:
    """One line for each metric that failed to judge cases, and for the system's own failures."""
    lines = []
    for name, count in result.unjudged.items():
        first = next(record for record in result.records if name in record.unjudged)
        lines.append(f"{name} could not judge {count} cases; {first.id}: {first.unjudged[name]}")
    for record in result.errors[:FAILURES_SHOWN]:
        lines.append(f"{record.id} failed: {record.error}")
    if len(result.errors) > FAILURES_SHOWN:
        lines.append(f"and {len(result.errors) - FAILURES_SHOWN} more failed.")
    return lines


def shown(name: str, value: float) -> str:
    """A value as people read it."""
    if name in IN_SECONDS:
        return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.0f} ms"
    return f"${value:.5f}" if name == "cost" else f"{value:.3f}"


def figure_to_json(figure: Figure) -> dict[str, float]:
    """Its value, interval and number of cases."""
    return {"value": figure.value, "low": figure.low, "high": figure.high, "cases": figure.cases}
