"""The commands about sessions of staff: list and revoke."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from knowledge.errors import UsageError
from knowledge.terminal.json_output import json_text
from knowledge.terminal.options import json_option
from knowledge.terminal.presentation import console, print_table, printable
from knowledge.terminal.shell import Shell
from serve.security.cli import cell, moment_to_json, note, opened_database

if TYPE_CHECKING:
    from serve.store.sessions import StaffSession


@click.group()
def sessions() -> None:
    """List and revoke the sessions of staff who signed in with their accounts."""


@sessions.command("list")
@json_option
@click.pass_obj
def sessions_list(shell: Shell, *, as_json: bool) -> None:
    """List who is signed in, the latest first."""
    from serve.store.sessions import Sessions

    with opened_database(shell) as database:
        found = [session_to_json(one) for one in Sessions(database).open()]
    if as_json:
        click.echo(json_text(found))
    elif found:
        columns = ("id", "name", "email", "created", "expires")
        print_table(columns, [[cell(row[column]) for column in columns] for row in found], console())
    else:
        click.echo("Nobody is signed in.")


@sessions.command("revoke")
@click.argument("who")
@json_option
@click.pass_obj
def sessions_revoke(shell: Shell, *, who: str, as_json: bool) -> None:
    """End the sessions of WHO: the id of one, or the e-mail address of somebody. From now on they open nothing.

    Whoever still has an account, and is of a team, can sign in again.
    """
    from serve.store.sessions import Sessions

    with opened_database(shell) as database:
        ended = Sessions(database).end([who])
        if not ended:
            raise UsageError(f"Nobody called {who} is signed in:", hint="see `refdesk sessions list`.")
        for one in ended:
            note(database, "staff.revoked", one.id, email=one.person.email)
    if as_json:
        click.echo(json_text([session_to_json(one) for one in ended]))
        return
    for one in ended:
        click.echo(f"Ended {one.id} ({printable(one.person.email or one.person.name)}).")


def session_to_json(session: StaffSession) -> dict[str, Any]:
    """The session without what opens anything."""
    person = session.person
    return {
        "id": session.id,
        "name": person.name,
        "email": person.email,
        "groups": sorted(person.groups),
        "created": moment_to_json(session.created),
        "expires": moment_to_json(session.expires),
    }
