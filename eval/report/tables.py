"""The tables of a report: figures of one run, differences of two, and where cases failed."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from eval.comparison.comparison import Comparison
from eval.comparison.difference import Difference
from eval.display import IN_SECONDS, shown
from eval.runs.diagnosis import Stage
from eval.runs.result import Figure, RunResult

KINDS = ("first", "second")


def figure_table(run: RunResult) -> str:
    """Every figure with its interval, drawn where it is a share."""
    rows = "".join(_figure_row(name, figure) for name, figure in run.figures.items())
    head = "<tr><th>metric</th><th>value</th><th>95 % interval</th><th></th><th>cases</th></tr>"
    return f'<div class="scroll"><table>{head}{rows}</table></div>'


def difference_table(comparison: Comparison) -> str:
    """Every difference with its interval and probability."""
    rows = "".join(_difference_row(one) for one in comparison.differences)
    names = ("metric", "before", "after", "change", "95 % interval", "p", "won", "lost", "")
    head = "".join(f"<th>{name}</th>" for name in names)
    return f'<div class="scroll"><table><tr>{head}</tr>{rows}</table></div>'


def stage_table(runs: Sequence[RunResult]) -> str:
    """How many cases each step of the way lost, a bar for each run."""
    most = max((count for run in runs for count in run.stages.values()), default=0)
    if not most:
        return '<p class="soft">No case failed.</p>'
    rows = "".join(
        f'<div class="stage"><span>{stage.value}</span><div>'
        + "".join(_bar(run.stages.get(stage.value, 0), most, kind) for run, kind in zip(runs, KINDS, strict=False))
        + "</div></div>"
        for stage in Stage
    )
    return f'<div class="stages">{rows}</div>'


def _bar(count: int, most: int, kind: str) -> str:
    width = 80 * count / most
    return f'<div><span class="bar {kind}" style="width:{width:.1f}%"></span><span class="small">{count}</span></div>'


def _figure_row(name: str, figure: Figure) -> str:
    interval = f"{shown(name, figure.low)} to {shown(name, figure.high)}"
    drawn = "" if name in (*IN_SECONDS, "cost") else _range(figure)
    return (
        f"<tr><td>{escape(name)}</td><td>{shown(name, figure.value)}</td><td>{interval}</td>"
        f"<td>{drawn}</td><td>{figure.cases:,}</td></tr>"
    )


def _range(figure: Figure) -> str:
    low, width, at = 100 * figure.low, 100 * (figure.high - figure.low), 100 * figure.value
    return (
        f'<span class="range"><i style="left:{low:.1f}%;width:{width:.1f}%"></i>'
        f'<b style="left:calc({at:.1f}% - 1.5px)"></b></span>'
    )


def _difference_row(one: Difference) -> str:
    verdict = "" if one.verdict == "same" else one.verdict
    won, lost = (len(one.wins), len(one.losses)) if one.by_case else ("", "")
    return (
        f"<tr><td>{escape(one.metric)}</td><td>{shown(one.metric, one.base)}</td><td>{shown(one.metric, one.new)}</td>"
        f'<td class="{verdict}">{one.change:+.3f}</td><td>{one.low:+.3f} to {one.high:+.3f}</td>'
        f"<td>{one.corrected:.4f}</td><td>{won}</td><td>{lost}</td>"
        f'<td class="{verdict}">{verdict}</td></tr>'
    )
