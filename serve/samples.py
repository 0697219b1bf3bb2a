"""The banks that a service starts with: those of its file, ingested where they are missing, or the samples."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from knowledge.errors import RefdeskError, UsageError
from knowledge.settings import CONFIG_NAME
from knowledge.terminal.opening import open_library
from knowledge.terminal.presentation import counted
from knowledge.terminal.shell import Shell

if TYPE_CHECKING:
    from ingest.deployment import Job
    from knowledge.library import Library

SAMPLES = Path(__file__).parent.parent / "data"


def ready_shell(shell: Shell, *, samples: Path = SAMPLES) -> Shell:
    """The shell to serve, which has a bank at least; what is declared and missing is ingested now.

    Where nothing is configured and there is no bank, that is the shell of the sample banks. Raises `UsageError` that
    says how to ingest where there are no samples either.
    """
    if serves_samples(shell):
        shell = sample_shell(shell, samples)
        click.echo("Nothing is configured: serving the sample banks.", err=True)
    library = open_library(shell)
    ingest_missing(shell, library)
    if not library.names():
        raise UsageError(f"There are no banks under {shell.root}.", hint="Make one: refdesk ingest FOLDER --bank NAME.")
    return shell


def service_shell(shell: Shell, *, samples: Path = SAMPLES) -> Shell:
    """The shell of what `refdesk serve` would serve from here: its keys, its conversations and its banks.

    Says on standard error where that is, unless it is where a folder was named or configured.
    """
    if shell.config is not None or shell.root_given:
        return shell
    if serves_samples(shell) and (samples / CONFIG_NAME).is_file():
        shell = sample_shell(shell, samples)
    click.echo(f"Note: nothing is configured here; this is about the service in {shell.root}.", err=True)
    return shell


def serves_samples(shell: Shell) -> bool:
    """Whether nothing is configured, and there is no bank."""
    return shell.config is None and not open_library(shell).names()


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
    return shell.with_config(config)


def ingest_missing(shell: Shell, library: Library) -> None:
    """Ingest the banks that the file declares and that hold nothing; raises the error of one that cannot be.

    One whose folders are still empty is begun without documents, so that the service starts.
    """
    if shell.config is None:
        return
    from ingest.cli import carried_out
    from ingest.deployment import jobs
    from ingest.settings import read_settings
    from knowledge.heaps import hold_arenas

    declared = read_settings(shell.settings(), shell.config).banks
    missing = [name for name, bank in declared.items() if bank.sources and not holds_documents(library, name)]
    if not missing:
        return
    work = without_awaited(jobs(shell, (), missing), library)
    if not work:
        return
    hold_arenas()
    click.echo(f"Ingesting {', '.join(job.bank for job in work)}, this once …", err=True)
    reports, errors, stopped = carried_out(work, library, plan_only=False)
    if stopped:
        raise KeyboardInterrupt(stopped)
    for report in (one for one in reports if one.failed):
        told = f"{report.bank}: {counted(len(report.failed), 'document')} did not go in; `refdesk ingest` says why."
        click.echo(told, err=True)
    for name, error in errors.items():
        click.echo(f"Error: {name}: {error.sentence}", err=True)
    if errors and not library.names():
        raise RefdeskError("No bank could be made.", hint="Put right what stands above, then start again.")


def without_awaited(work: tuple[Job, ...], library: Library) -> tuple[Job, ...]:
    """The jobs that have something to read; the banks of the others are begun without it."""
    for job in work:
        if job.awaited:
            job.begin(library)
            places = " or ".join(str(place) for place in job.awaited)
            click.echo(
                f"The bank {job.bank} is empty: put documents into {places}, then run `refdesk ingest`.", err=True
            )
    return tuple(job for job in work if not job.awaited)


def holds_documents(library: Library, name: str) -> bool:
    """Whether there is a bank of that name with something in it."""
    return name in library.names() and library.bank(name).catalog.counts()[0] > 0
