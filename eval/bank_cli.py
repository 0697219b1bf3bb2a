"""The commands below `refdesk eval` that are about one bank: making cases, tuning, calibrating."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from knowledge.terminal.options import json_option
from knowledge.terminal.presentation import counted
from knowledge.terminal.shell import Shell

if TYPE_CHECKING:
    from eval.tuning.bank_tuning import TuningReport

OPTIONS = (
    click.option(
        "--cases",
        "paths",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Real cases; without any, they are made from the bank. Repeatable.",
    ),
    click.option(
        "--minutes", type=click.FloatRange(0, 10_000), default=10, show_default=True, help="How long it may take."
    ),
    click.option(
        "--tolerate",
        type=click.FloatRange(0, 1),
        default=0.05,
        show_default=True,
        help="The share of answers that may be wrong.",
    ),
    click.option("--most", type=click.IntRange(1), default=300, show_default=True, help="At most so many cases."),
    click.option("--seed", type=int, default=0, show_default=True, help="For folds and tests."),
)


def asking_options(command: Callable[..., None]) -> Callable[..., None]:
    """Which questions a bank is asked, how long, and what of its answers may be wrong."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.command("make")
@click.argument("bank")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="The file.")
@click.option("--model", metavar="NAME", help="Let this language model write the questions.")
@click.option(
    "--feedback",
    "feedback",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Take cases from what people said, and make none; repeatable.",
)
@click.option("--most", type=click.IntRange(1), default=100, show_default=True, help="At most so many cases.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another one chooses other cases.")
@json_option
@click.pass_context
def make_command(
    ctx: click.Context,
    *,
    bank: str,
    out: Path,
    model: str | None,
    feedback: tuple[Path, ...],
    most: int,
    seed: int,
    as_json: bool,
) -> None:
    """Make cases from what stands in BANK: from titles, headings, definitions and sentences with a gap.

    A quarter of them are about what only other banks mention, so that saying "not in the documents" is measured too.
    """
    from eval.commands import made_cases
    from eval.making.writing import write_cases
    from eval.whole_file import check_place
    from knowledge.terminal.json_output import json_text

    check_place(out)
    made = made_cases(ctx.obj, bank, model=model, feedback=feedback, most=most, seed=seed)
    write_cases(made.cases, out)
    if as_json:
        told = {"cases": len(made.cases), "rejected": dict(made.rejected), "ended": made.ended, "file": str(out)}
        click.echo(json_text(told))
    else:
        click.echo(f"Wrote {counted(len(made.cases), 'case')} to {out}.")
        for reason, count in made.rejected.most_common():
            click.echo(f"  thrown away: {count}, {reason}")
    if made.ended:
        click.echo(f"Ended early: {made.ended}", err=True)
        ctx.exit(1)


@click.command("tune")
@click.argument("bank")
@asking_options
@click.option(
    "--reranker",
    metavar="MODEL",
    help="Try this cross-encoder: a folder, or a name on the model hub.",
)
@json_option
@click.pass_obj
def tune_command(
    shell: Shell,
    *,
    bank: str,
    paths: tuple[Path, ...],
    minutes: float,
    tolerate: float,
    most: int,
    seed: int,
    reranker: str | None,
    as_json: bool,
) -> None:
    """Fit the settings of BANK to its questions, and say what its confidence is worth.

    Fusion, weights of documents and links, chunking, and the reranker that is named or that the bank has are tried on a
    copy. Only what gains significantly on questions that it was not chosen by is kept, and written with the evidence
    into the bank card.
    """
    from eval.commands import tuned_bank

    with interruption_told(f"{bank} keeps its settings, unless all had been tried."):
        report = tuned_bank(
            shell, bank, paths, minutes=minutes, tolerated=tolerate, most=most, seed=seed, reranker=reranker
        )
    present(report, as_json=as_json)


@click.command("calibrate")
@click.argument("bank")
@asking_options
@json_option
@click.pass_obj
def calibrate_command(
    shell: Shell,
    *,
    bank: str,
    paths: tuple[Path, ...],
    minutes: float,
    tolerate: float,
    most: int,
    seed: int,
    as_json: bool,
) -> None:
    """Say what the confidence of BANK is worth, and from which on it shall answer.

    What `tune` does at its end, with all settings left as they are.
    """
    from eval.commands import tuned_bank

    with interruption_told(f"{bank} is as it was."):
        report = tuned_bank(
            shell, bank, paths, minutes=minutes, tolerated=tolerate, most=most, seed=seed, settings=False
        )
    present(report, as_json=as_json)


@contextmanager
def interruption_told(consequence: str) -> Iterator[None]:
    """Says on Ctrl-C what became of the bank itself; what was under way with a copy of it says nothing about that."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt(f"Interrupted: {consequence}") from interrupt


def present(report: TuningReport, *, as_json: bool) -> None:
    """What was found, on standard output."""
    from eval.tuning.showing import print_tuning, tuning_to_json
    from knowledge.terminal.json_output import json_text
    from knowledge.terminal.presentation import console

    if as_json:
        click.echo(json_text(tuning_to_json(report)))
    else:
        print_tuning(report, console())
