"""A run as people see it: a bar while it goes on, a table at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from eval.judges.agreement import agreements
from eval.judges.judged import KINDS as JUDGES
from eval.runs.result import Figure, RunResult
from eval.targets.placing import NOT_IN_BANK
from knowledge.terminal.presentation import console, counted, print_table, printable, readable, shortened

if TYPE_CHECKING:
    from rich.console import Console

SECONDS_A_LINE = 10.0
IN_SECONDS = ("latency", "latency-p50", "latency-p95")
FAILURES_SHOWN = 3
LOWEST_SHOWN = 3


@contextmanager
def progress_shown(total: int) -> Iterator[Callable[[object], None]]:
    """Takes what is finished and shows how much it is of `total`: a bar on a terminal, else a line now and then."""
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

    def __call__(self, finished: object) -> None:
        self._done += 1
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + SECONDS_A_LINE
            self._out.print(f"{self._done:,} of {counted(self._total, 'case')}")


def asked_for(result: RunResult, only: Sequence[str]) -> dict[str, Figure]:
    """The figures of those names and of judges, all of them without names."""
    return {name: one for name, one in result.figures.items() if not only or name in (*only, *JUDGES)}


def print_result(result: RunResult, out: Console, *, only: Sequence[str] = ()) -> None:
    """The table of figures, then where cases failed, then what could not be measured."""
    rows = [
        [
            name,
            shown(name, figure.value),
            f"{shown(name, figure.low)} to {shown(name, figure.high)}",
            f"{figure.cases:,}",
        ]
        for name, figure in asked_for(result, only).items()
    ]
    print_table(("metric", "value", "95 % interval", "cases"), rows, out)
    failed = sum(result.stages.values())
    if failed:
        stages = ", ".join(f"{stage} {count}" for stage, count in sorted(result.stages.items(), key=lambda s: -s[1]))
        out.print(f"\nWhere {failed:,} of {counted(len(result.records), 'case')} failed: {stages}.")
    for line in (*not_there(result), *thought_least_of(result), *agreed(result), *complaints(result)):
        out.print(printable(line))


def not_there(result: RunResult) -> list[str]:
    """What no answer can find: evidence in documents that the banks do not have, so that the cases may be wrong."""
    lost = [record for record in result.records if record.stage_reason.endswith(NOT_IN_BANK)]
    lines = [
        f"{record.id} names evidence that is not there: {record.stage_reason}." for record in lost[:FAILURES_SHOWN]
    ]
    if len(lost) > FAILURES_SHOWN:
        lines.append(f"and {counted(len(lost) - FAILURES_SHOWN, 'more case does', 'more cases do')}.")
    return lines


def thought_least_of(result: RunResult) -> list[str]:
    """The cases that each judge thinks least of, with its reasons; none that it finds nothing wrong with."""
    lines = []
    for kind in JUDGES:
        flawed = sorted((r for r in result.records if r.scores.get(kind, 1.0) < 1.0), key=lambda r: r.scores[kind])
        lines += [f"{kind}, lowest of {counted(len(flawed), 'case')} below 1:"] if flawed else []
        for record in flawed[:LOWEST_SHOWN]:
            reason = record.reasons.get(kind, "")
            lines.append(f"  {record.id}  {record.scores[kind]:.2f}  {shortened(readable(reason))}".rstrip())
    return lines


def agreed(result: RunResult) -> list[str]:
    """One line for each judge that can be held against a measure."""
    return [
        f"{one.one} agrees with {one.other} on {one.share:.0%} of {counted(one.cases, 'case')} (kappa {one.kappa:.2f})."
        for one in agreements(result.records)
    ]


def complaints(result: RunResult) -> list[str]:
    """One line for each metric that failed to judge cases, and for the system's own failures."""
    lines = []
    for name, count in result.unjudged.items():
        first = next(record for record in result.records if name in record.unjudged)
        lines.append(f"{name} could not judge {counted(count, 'case')}; {first.id}: {first.unjudged[name]}")
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
