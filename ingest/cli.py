"""The command `refdesk ingest`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from knowledge.errors import RefdeskError
from knowledge.terminal.json_output import json_text
from knowledge.terminal.opening import open_library
from knowledge.terminal.options import json_option
from knowledge.terminal.shell import Shell

if TYPE_CHECKING:
    from ingest.deployment import Job
    from ingest.report import IngestReport
    from knowledge.library import Library


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@click.option("--bank", "banks", multiple=True, metavar="NAME", help="The bank; with --config, only this one.")
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Ingest the banks that this file declares.",
)
@click.option("--plan", "plan_only", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--prune", is_flag=True, help="Remove documents whose files are gone, however many.")
@click.option("--name", "stdin_name", default="stdin", metavar="NAME", help="What to call standard input: notes.md.")
@json_option
@click.pass_context
def ingest(
    ctx: click.Context,
    *,
    paths: tuple[str, ...],
    banks: tuple[str, ...],
    config: Path | None,
    plan_only: bool,
    prune: bool,
    stdin_name: str,
    as_json: bool,
) -> None:
    """Put documents into a bank, or bring it up to date.

    PATH is a folder, a file, a quoted glob, an http address, or - for standard input. Run the same command again
    after files have changed: only those are read. Without PATH, the banks of refdesk.yaml are brought up to date.
    """
    from ingest.deployment import jobs  # `--help` needs none of it
    from knowledge.heaps import hold_arenas

    hold_arenas()
    shell: Shell = ctx.obj if config is None else ctx.obj.with_config(config)
    work = jobs(shell, paths, banks, stdin_name=stdin_name, prune=prune)
    library = open_library(shell)
    ctx.exit(present(*carried_out(work, library, plan_only=plan_only), as_json=as_json))


def carried_out(
    work: tuple[Job, ...], library: Library, *, plan_only: bool
) -> tuple[list[IngestReport], dict[str, RefdeskError], str]:
    """The reports, why banks have none, and what to say when Ctrl-C ended it. One bank's error is raised as it is."""
    from ingest.display import progress_shown
    from ingest.report import IngestStopped

    reports: list[IngestReport] = []
    errors: dict[str, RefdeskError] = {}
    with progress_shown() as progress:
        for job in work:
            try:
                reports.append(job.plan(library) if plan_only else job.run(library, progress))
            except IngestStopped as stopped:
                return [*reports, stopped.report], errors, str(stopped)
            except RefdeskError as error:
                if len(work) == 1:
                    raise
                errors[job.bank] = error
    return reports, errors, ""


def present(reports: list[IngestReport], errors: dict[str, RefdeskError], stopped: str, *, as_json: bool) -> int:
    """Prints reports, errors and the last word; the exit code."""
    from ingest.display import print_report
    from knowledge.terminal.presentation import console

    if as_json:
        failed = [{"bank": bank, "error": error.sentence} for bank, error in errors.items()]
        click.echo(json_text([*(report.to_json() for report in reports), *failed]))
    else:
        for report in reports:
            print_report(report, console())
    for bank, error in errors.items():
        click.echo(f"Error: {bank}: {error.sentence}", err=True)
    if stopped:
        click.echo(stopped, err=True)
    codes = [report.exit_code for report in reports] + [error.exit_code for error in errors.values()]
    return max(codes, default=0)
