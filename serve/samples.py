"""The banks that a service starts with: those of its file, ingested where they are missing, or the samples."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from knowledge.errors import RefdeskError, UsageError
from knowledge.settings import CONFIG_NAME
from knowledge.terminal.opening import open_library
from knowledge.terminal.shell import Shell

if TYPE_CHECKING:
    from knowledge.library import Library

SAMPLES = Path(__file__).parent.parent / "data"


def ready_shell(shell: Shell, *, samples: Path = SAMPLES) -> Shell:
    """The shell to serve, which has a bank at least; what is declared and missing is ingested now.

    Where nothing is configured and there is no bank, that is the shell of the sample banks. Raises `UsageError` that
    says how to ingest where there are no samples either.
    """
    if shell.config is None and not open_library(shell).names():
        shell = sample_shell(shell, samples)
    library = open_library(shell)
    ingest_missing(shell, library)
    if not library.names():
        raise UsageError(f"There are no banks under {shell.root}.", hint="Make one: refdesk ingest FOLDER --bank NAME.")
    return shell


def sample_shell(shell: Shell, samples: Path) -> Shell:
    """The shell of the sample banks, which stand beside the samples, or under the root that was given."""
    config = samples / CONFIG_NAME
    if not config.is_file():
        raise UsageError(
            f"Nothing is configured, and there are no banks under {shell.root}.",
            hint="Write a refdesk.yaml with `refdesk init`, or make a bank: refdesk ingest FOLDER --bank NAME.",
        )
    if not shell.root_given and not os.access(samples, os.W_OK):
        raise UsageError(f"{samples} may not be written:", hint="say where the sample banks go: --root DIR.")
    click.echo("Nothing is configured: serving the sample banks.", err=True)
    return shell.with_config(config)


def ingest_missing(shell: Shell, library: Library) -> None:
    """Ingest the banks that the file declares and that are not there; raises the error of one that cannot be."""
    if shell.config is None:
        return
    from ingest.arenas import hold_arenas
    from ingest.cli import carried_out
    from ingest.deployment import jobs
    from ingest.settings import read_settings

    declared = read_settings(shell.settings(), shell.config).banks
    missing = [name for name, bank in declared.items() if bank.sources and name not in library.names()]
    if not missing:
        return
    hold_arenas()
    click.echo(f"Ingesting {', '.join(missing)}, this once …", err=True)
    reports, errors, stopped = carried_out(jobs(shell, (), missing), library, plan_only=False)
    if stopped:
        raise KeyboardInterrupt(stopped)
    for report in reports:
        if report.failed:
            told = f"{report.bank}: {len(report.failed)} documents did not go in; `refdesk ingest` says why."
            click.echo(told, err=True)
    for name, error in errors.items():
        click.echo(f"Error: {name}: {error.sentence}", err=True)
    if errors and not library.names():
        raise RefdeskError("No bank could be made.", hint="Put right what stands above, then start again.")
