"""The commands backup and restore."""

from __future__ import annotations

from pathlib import Path

import click

from knowledge.terminal.json_output import json_text
from knowledge.terminal.options import json_option
from knowledge.terminal.presentation import counted
from knowledge.terminal.shell import Shell

MEGABYTE = 1e6


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def backup(shell: Shell, *, file: Path, as_json: bool) -> None:
    """Copy conversations, banks, uploads and settings into FILE, while the service runs.

    FILE is a compressed tar that is written whole or not at all, for its owner's eyes only. It holds what the service
    must keep secret too, such as what signs cookies; keys of language models are not in it.
    """
    from serve.backup.making import make_backup
    from serve.samples import service_shell

    made = make_backup(service_shell(shell), file)
    for note in made.notes:
        click.echo(f"Note: {note}", err=True)
    if as_json:
        facts = {"file": str(made.file), "bytes": made.bytes, "files": len(made.entries)}
        click.echo(json_text({**facts, "banks": list(made.banks), "notes": list(made.notes)}))
    else:
        told = (
            f"{counted(len(made.entries), 'file')}, {counted(len(made.banks), 'bank')}, {made.bytes / MEGABYTE:.1f} MB"
        )
        click.echo(f"Wrote {made.file}: {told}.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def restore(shell: Shell, *, file: Path, as_json: bool) -> None:
    """Put what `refdesk backup` wrote into an empty place: `refdesk restore FILE --root DIR`.

    Every file is checked against the archive's manifest, and every bank as `refdesk verify` does. Nothing is left
    where something is wrong.
    """
    from serve.backup.restoring import restore as put_back

    done = put_back(shell, file)
    for note in done.notes:
        click.echo(f"Note: {note}", err=True)
    if as_json:
        facts = {"root": str(done.root), "made": done.header.made, "files": len(done.entries)}
        click.echo(json_text({**facts, "banks": list(done.banks), "notes": list(done.notes)}))
    else:
        told = f"{counted(len(done.entries), 'file')} and {counted(len(done.banks), 'bank')}"
        click.echo(f"Restored {told}, as of {done.header.made}, into {done.root}.")
