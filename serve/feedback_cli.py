"""The command feedback."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from knowledge.terminal.json_output import json_text
from knowledge.terminal.options import json_option
from knowledge.terminal.presentation import console, counted, print_table, readable, shortened
from knowledge.terminal.shell import Shell
from serve.security.cli import opened_database
from serve.security.moments import moment_before


@click.command()
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write it here, as JSON Lines."
)
@click.option("--since", metavar="WHEN", help="Only what was said since: 12h, 30d, 4w or a date.")
@json_option
@click.pass_obj
def feedback(shell: Shell, *, out: Path | None, since: str | None, as_json: bool) -> None:
    """List what people thought of answers, and what they answered themselves, oldest first.

    Personal data and secrets are taken out. `refdesk eval make BANK --feedback FILE` makes cases of what --out writes;
    where an answer was wrong, write what would be right into `correction`, or it makes none.
    """
    from eval.making.feedback import feedback_to_json, write_feedback
    from serve.feedback import FeedbackExport
    from serve.samples import service_shell
    from serve.store.messages import Messages
    from serve.store.proposals import Proposals
    from serve.store.schema import now

    start = moment_before(since, now()) if since else None
    with opened_database(shell) as database:
        root = service_shell(shell).root
        found = FeedbackExport(root, Messages(database), Proposals(database)).rows(since=start)
    if out:
        write_feedback(found, out)
    if as_json:
        click.echo(json_text([feedback_to_json(one) for one in found]))
    elif out:
        kinds = ", ".join(f"{count} {verdict}" for verdict, count in Counter(one.verdict for one in found).items())
        click.echo(f"Wrote {counted(len(found), 'answer')} to {out}{f': {kinds}' if kinds else ''}.")
    elif found:
        rows = [
            [one.at, one.verdict, *(shortened(readable(text)) for text in (one.question, one.reason))] for one in found
        ]
        print_table(("at", "verdict", "question", "reason"), rows, console())
    else:
        click.echo("Nobody has rated an answer yet.")
