"""A comparison in the terminal and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eval.comparison.comparison import Comparison
from eval.comparison.difference import Difference
from eval.comparison.gate import GateReport
from eval.display import shown
from knowledge.terminal.presentation import print_table, readable

if TYPE_CHECKING:
    from rich.console import Console

LISTED = 5


def print_comparison(comparison: Comparison, out: Console) -> None:
    """The table of differences, then the cases that changed most for those that are significant."""
    rows = [
        [
            one.metric,
            shown(one.metric, one.base),
            shown(one.metric, one.new),
            f"{one.change:+.3f}",
            f"{one.low:+.3f} to {one.high:+.3f}",
            f"{one.corrected:.4f}",
            f"{len(one.wins)}/{len(one.losses)}" if one.by_case else "",
            one.verdict if one.verdict != "same" else "",
        ]
        for one in comparison.differences
    ]
    header = ("metric", "before", "after", "change", "95 % interval", "p", "wins/losses", "")
    print_table(header, rows, out)
    if comparison.pairs.note:
        out.print(comparison.pairs.note)
    for one in comparison.differences:
        if one.verdict != "same":
            _print_cases(one, comparison, out)


def comparison_to_json(comparison: Comparison) -> dict[str, Any]:
    """Every difference as plain values."""
    return {
        "base": comparison.base.name,
        "new": comparison.new.name,
        "cases": len(comparison.pairs.base),
        "left_out": list(comparison.pairs.left_out),
        "differences": [
            {
                "metric": one.metric,
                "base": one.base,
                "new": one.new,
                "change": one.change,
                "low": one.low,
                "high": one.high,
                "p": one.p,
                "p_corrected": one.corrected,
                "cases": one.cases,
                "verdict": one.verdict,
                "wins": list(one.wins),
                "losses": list(one.losses),
            }
            for one in comparison.differences
        ],
    }


def _print_cases(one: Difference, comparison: Comparison, out: Console) -> None:
    questions = {record.id: record.question for record in comparison.pairs.base}
    for title, names in (("won", one.wins), ("lost", one.losses)):
        if names:
            out.print(f"\n{one.metric}, {title} on {len(names)}:")
        for name in names[:LISTED]:
            out.print(f"  {readable(name)}  {readable(questions[name])}")
        if len(names) > LISTED:
            out.print(f"  and {len(names) - LISTED} more")


def print_gate(report: GateReport, out: Console) -> None:
    """The table, then the verdict."""
    print_comparison(report.comparison, out)
    for line in (*report.notes, *report.sentences):
        out.print(readable(line))
    out.print("The gate is passed." if report.passed else "The gate is not passed.")


def gate_to_json(report: GateReport) -> dict[str, Any]:
    """The verdict with all that it rests on."""
    return {
        "passed": report.passed,
        "reasons": report.sentences,
        "notes": report.notes,
        **comparison_to_json(report.comparison),
    }
