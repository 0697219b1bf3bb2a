"""The commands below `refdesk eval`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eval.bank_cli import calibrate_command, make_command, tune_command
from eval.choices import RunChoice
from knowledge.terminal.options import banks_option, json_option
from knowledge.terminal.shell import Shell

if TYPE_CHECKING:
    from eval.runs.result import RunResult

FAILED = 1
OPTIONS = (
    click.option("--name", metavar="NAME", help="What to call the run in tables and reports."),
    banks_option,
    click.option("--agent", metavar="MODULE:ATTRIBUTE", help="Evaluate this agent instead of banks."),
    click.option("--url", metavar="URL", help="Evaluate this OpenAI-compatible endpoint instead of banks."),
    click.option("--model", metavar="NAME", help="The model to ask for at --url."),
    click.option("--price", nargs=2, type=float, metavar="IN OUT", help="US dollars for a million tokens in and out."),
    click.option("--retrieval", "retrieval_only", is_flag=True, help="Measure retrieval only, without answers."),
    click.option("--metric", "metrics", multiple=True, metavar="NAME", help="Only this metric; repeatable."),
    click.option("--judge", metavar="NAME", help="Let this language model judge faithfulness, correctness, relevancy."),
    click.option("--votes", type=click.IntRange(1, 9), default=1, show_default=True, help="Judgements of each answer."),
    click.option("--most", type=click.IntRange(1), metavar="N", help="At most N cases, evenly spread."),
    click.option("--concurrency", type=click.IntRange(1, 64), default=4, show_default=True, help="Cases at a time."),
    click.option("--seed", type=int, default=0, show_default=True, help="For intervals, tests and endpoints."),
    click.option("--fresh", is_flag=True, help="Ask again what an earlier run of the same configuration asked."),
)


def run_options(command: Callable[..., None]) -> Callable[..., None]:
    """What is evaluated and how, given to `command` as one `RunChoice` called `how`."""

    @wraps(command)
    def packed(ctx: click.Context, /, **given: Any) -> None:
        how = RunChoice(**{field.name: given.pop(field.name) for field in fields(RunChoice)})
        command(ctx, how=how, **given)

    decorated: Callable[..., None] = packed
    for option in reversed(OPTIONS):
        decorated = option(decorated)
    return decorated


@click.group(name="eval")
def evaluate() -> None:
    """Measure answers and retrieval, compare runs, and stop a build when they get worse."""


@evaluate.command("run")
@click.argument("cases", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write the result here.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write a report here.")
@json_option
@click.pass_context
@run_options
def run_command(
    ctx: click.Context, *, cases: tuple[Path, ...], how: RunChoice, out: Path | None, html: Path | None, as_json: bool
) -> None:
    """Ask every case and measure what comes back.

    CASES are files of cases (JSON Lines), SQuAD files, or folders in the layout of BEIR, TREC or questions.jsonl. A
    run that was interrupted goes on where it was. The exit code is 1 when the system failed on a case.
    """
    check_places(out, html)
    result = carried_out(ctx.obj, cases, how)
    keep(result, out, html)
    present(result, only=how.metrics, as_json=as_json)
    ctx.exit(FAILED if result.errors or result.unjudged else 0)


def carried_out(shell: Shell, paths: tuple[Path, ...], how: RunChoice) -> RunResult:
    """The run that the options describe, with its progress shown."""
    from eval.commands import run_cases  # `--help` needs none of it

    return run_cases(shell, paths, how)


def check_places(*places: Path | None) -> None:
    """Raises `StorageError` where a file that was asked for could not be written."""
    from eval.whole_file import check_place

    for place in filter(None, places):
        check_place(place)


def keep(result: RunResult, out: Path | None, html: Path | None) -> None:
    """Writes the files that were asked for."""
    if out:
        from eval.runs.result import save_result

        save_result(result, out)
    if html:
        from eval.report.page import write_report

        write_report([result], html)


def present(result: RunResult, *, only: tuple[str, ...], as_json: bool) -> None:
    """The result on standard output, with the metrics that were asked for."""
    from eval.display import asked_for, complaints, figure_to_json, print_result
    from knowledge.terminal.json_output import json_text
    from knowledge.terminal.presentation import console

    if not as_json:
        print_result(result, console(), only=only)
        return
    click.echo(
        json_text(
            {
                "name": result.name,
                "cases": len(result.records),
                "configuration": result.configuration_hash,
                "figures": {name: figure_to_json(figure) for name, figure in asked_for(result, only).items()},
                "stages": result.stages,
                "failures": complaints(result),
                "seconds": result.seconds,
            }
        )
    )


@evaluate.command("compare")
@click.argument("base", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("new", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--metric", "metrics", multiple=True, metavar="NAME", help="Only this metric; repeatable.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write a report here.")
@json_option
def compare_command(*, base: Path, new: Path, metrics: tuple[str, ...], html: Path | None, as_json: bool) -> None:
    """Compare the results BASE and NEW, which `refdesk eval run --out` wrote.

    Differences are paired by case: a bootstrap gives intervals, a randomisation test says what chance would do, and
    Holm's correction takes account of how many metrics are compared.
    """
    from eval.comparison.comparison import compare
    from eval.comparison.showing import comparison_to_json, print_comparison
    from eval.report.page import write_report
    from eval.runs.result import load_result
    from knowledge.terminal.json_output import json_text
    from knowledge.terminal.presentation import console

    runs = load_result(base), load_result(new)
    comparison = compare(*runs, metrics=metrics)
    if html:
        write_report(runs, html, comparison=comparison)
    if as_json:
        click.echo(json_text(comparison_to_json(comparison)))
    else:
        print_comparison(comparison, console())


@evaluate.command("gate")
@click.argument("cases", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--baseline",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The result to hold the system to.",
)
@click.option("--tolerance", type=click.FloatRange(0, 1), default=0.0, show_default=True, help="A drop to allow.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write the result here.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write a report here.")
@json_option
@click.pass_context
@run_options
def gate_command(
    ctx: click.Context,
    *,
    cases: tuple[Path, ...],
    how: RunChoice,
    baseline: Path,
    tolerance: float,
    out: Path | None,
    html: Path | None,
    as_json: bool,
) -> None:
    """Run the cases, and fail where a metric is significantly worse than in the baseline.

    The exit code is 0 when nothing fell, 1 when something did or the system fails on a case it could answer before.
    """
    from eval.commands import gate_cases
    from eval.comparison.showing import gate_to_json, print_gate
    from knowledge.terminal.json_output import json_text
    from knowledge.terminal.presentation import console

    check_places(out, html)
    report = gate_cases(ctx.obj, cases, how, baseline, tolerance=tolerance)
    keep(report.comparison.new, out, None)
    if html:
        from eval.report.page import write_report

        write_report((report.comparison.base, report.comparison.new), html, gate=report)
    if as_json:
        click.echo(json_text(gate_to_json(report)))
    else:
        print_gate(report, console())
    ctx.exit(0 if report.passed else FAILED)


for command in (make_command, tune_command, calibrate_command):
    evaluate.add_command(command)
