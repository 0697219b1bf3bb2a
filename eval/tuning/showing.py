"""What tuning found, in the terminal and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from eval.tuning.bank_tuning import TuningReport
from knowledge.card import Calibration
from knowledge.terminal.presentation import print_table, printable

if TYPE_CHECKING:
    from rich.console import Console


def print_tuning(report: TuningReport, out: Console) -> None:
    """The trials, what could not be tried, and what tolerated errors buy."""
    rows = [
        [
            one.setting,
            f"{one.before:.3f}",
            f"{one.after:.3f}",
            f"{one.low:+.3f} to {one.high:+.3f}",
            f"{one.p:.4f}",
            "kept" if one.kept else "not kept",
        ]
        for one in report.trials
    ]
    if rows:
        print_table(("setting", "before", "after", "95 % interval of the gain", "p", ""), rows, out)
    for note in report.notes:
        out.print(printable(note))
    if report.chunking_changed:
        out.print("The new chunking counts from the next ingest on.")
    if report.calibration:
        _print_calibration(report.calibration, out)


def tuning_to_json(report: TuningReport) -> dict[str, Any]:
    """All of it as plain values."""
    return asdict(report)


def _print_calibration(found: Calibration, out: Console) -> None:
    if found.answered:
        out.print(
            f"\nAt most {found.tolerated:.0%} wrong: answer from a confidence of {found.threshold:.2f}. Of questions"
            f" kept back, {found.answered:.0%} were answered then, {found.wrong:.0%} of these wrongly."
        )
    else:
        out.print(f"\nNo confidence of this bank promises that at most {found.tolerated:.0%} of its answers are wrong.")
    rows = [
        [f"{wish:.0%}", f"{at:.2f}", f"{share:.0%}", f"{wrong:.0%}"] if share else [f"{wish:.0%}", "", "0%", ""]
        for wish, at, share, wrong in found.curve
    ]
    print_table(("tolerated", "confidence", "answered", "wrong"), rows, out)
