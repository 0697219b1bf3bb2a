"""The page as a whole; it loads nothing from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from pathlib import Path

from eval.comparison.comparison import Comparison, compare
from eval.comparison.gate import GateReport
from eval.report.cases import failures, judgements, partings
from eval.report.figures import plots
from eval.report.style import STYLE
from eval.report.tables import difference_table, figure_table, stage_table
from eval.runs.result import RunResult
from eval.whole_file import write_whole
from knowledge.terminal.presentation import counted

KINDS = ("first", "second")
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def write_report(
    runs: Sequence[RunResult], path: Path, *, comparison: Comparison | None = None, gate: GateReport | None = None
) -> None:
    """Writes the page about one run, or two side by side, with the verdict of a gate; raises `StorageError`."""
    write_whole(path, report(runs, comparison=comparison, gate=gate).encode("utf-8", "replace"))


def report(runs: Sequence[RunResult], *, comparison: Comparison | None = None, gate: GateReport | None = None) -> str:
    """The page as HTML. Two runs are compared, unless `comparison` or `gate` has done so."""
    comparison = gate.comparison if gate else comparison
    if len(runs) == 2 and comparison is None:
        comparison = compare(runs[0], runs[1])
    title = " and ".join(dict.fromkeys(run.name for run in runs))
    sections = _compared(comparison) if comparison else _alone(runs[0])
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}: evaluation</title><style>{STYLE}</style></head><body><main>"
        f"{_header(title, runs)}{_verdict(gate) if gate else ''}{sections}{_provenance(runs)}</main></body></html>"
    )


def _alone(run: RunResult) -> str:
    return (
        _section("", plots([run]))
        + _section("Where cases failed", stage_table([run]))
        + _section("Figures", figure_table(run))
        + _section("Failures", failures(run))
        + _section("What the judges said", judgements(run))
    )


def _compared(comparison: Comparison) -> str:
    runs = (comparison.base, comparison.new)
    left_out = comparison.pairs.note
    note = f'<p class="soft small">{escape(left_out)}</p>' if left_out else ""
    return (
        _section("", plots(runs))
        + _section("Differences", difference_table(comparison) + note)
        + _section("Where cases failed", stage_table(runs))
        + _section("Cases on which the runs part", partings(comparison))
        + _section(f"Failures of {comparison.new.name}", failures(comparison.new))
        + "".join(_section(f"What the judges said of {run.name}", judgements(run)) for run in runs)
    )


def _section(title: str, content: str) -> str:
    if not content:
        return ""
    return f"<section>{f'<h2>{escape(title)}</h2>' if title else ''}{content}</section>"


def _header(title: str, runs: Sequence[RunResult]) -> str:
    keys = "".join(
        f'<li><span class="key {kind}"></span>{escape(run.name)} '
        f'<span class="soft small">{counted(len(run.records), "case")}, {escape(_moment(run.created))}</span></li>'
        for run, kind in zip(runs, KINDS, strict=False)
    )
    return f'<header><h1>Evaluation of {escape(title)}</h1><ul class="legend">{keys}</ul></header>'


def _verdict(gate: GateReport) -> str:
    """Whether the gate is passed, and why not."""
    kind, words = ("better", "The gate is passed") if gate.passed else ("worse", "The gate is not passed")
    items = "".join(f"<li>{escape(line)}</li>" for line in (*gate.sentences, *gate.notes))
    reasons = f'<ul class="plain">{items}</ul>' if items else ""
    return f'<section><h2 class="{kind}">{words}</h2>{reasons}</section>'


def _moment(created: str) -> str:
    """When a run was made, as people read it; runs write it in UTC."""
    try:
        return f"{datetime.fromisoformat(created):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return created


def _provenance(runs: Sequence[RunResult]) -> str:
    rows = "".join(
        f"<tr><td>{escape(run.name)}</td><td>{escape(run.configuration_hash)}</td>"
        f"<td>{escape(str(run.configuration.get('seed', '')))}</td><td>{_versions(run)}</td></tr>"
        for run in runs
    )
    head = "<tr><th>run</th><th>configuration</th><th>seed</th><th>versions</th></tr>"
    return f'<section><h2>What it was measured with</h2><div class="scroll"><table>{head}{rows}</table></div></section>'


def _versions(run: RunResult) -> str:
    versions = run.configuration.get("versions", {})
    return escape(", ".join(f"{name} {number}" for name, number in versions.items()))
