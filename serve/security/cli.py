"""The commands keys and audit."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from knowledge.errors import UsageError
from knowledge.terminal.json_output import json_text
from knowledge.terminal.options import json_option
from knowledge.terminal.presentation import console, print_table, printable
from knowledge.terminal.shell import Shell
from serve.security.identity import SCOPES
from serve.security.moments import moment_after, moment_before

if TYPE_CHECKING:
    from datetime import datetime

    from serve.store.audit import AuditEntry
    from serve.store.database import Database
    from serve.store.keys import Key


@click.group()
def keys() -> None:
    """Make, list and revoke the keys that programs and staff call the service with."""


@keys.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([*SCOPES]),
    help="What the key may do; repeatable.",
)
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="Whom the key reads as; repeatable.")
@click.option("--expires", metavar="WHEN", help="When it ends: 12h, 30d, 4w or a date. [default: never]")
@json_option
@click.pass_obj
def keys_create(
    shell: Shell, *, name: str, scopes: tuple[str, ...], roles: tuple[str, ...], expires: str | None, as_json: bool
) -> None:
    """Make a key called NAME and print it, this once: only a digest of it is kept.

    With the first key, people at this machine lose what only they could do without one.
    """
    from serve.store.keys import Keys
    from serve.store.schema import now

    until = moment_after(expires, now()) if expires else None
    if until is not None and until <= now():
        raise UsageError(f"{expires} is over:", hint="name a time that is still to come.")
    with opened_database(shell) as database:
        whole, key = Keys(database).make(checked_name(name), scopes=scopes, roles=roles, expires=until)
        note(database, "key.create", key.name, scopes=" ".join(sorted(scopes)), roles=" ".join(sorted(roles)))
    if as_json:
        click.echo(json_text({"key": whole, **key_to_json(key)}))
        return
    click.echo(whole)
    click.echo("Keep it now: it is not shown again. Programs send it as `Authorization: Bearer rd_…`.", err=True)


@keys.command("list")
@json_option
@click.pass_obj
def keys_list(shell: Shell, *, as_json: bool) -> None:
    """List the keys, by how they begin."""
    from serve.store.keys import Keys

    with opened_database(shell) as database:
        found = [key_to_json(key) for key in Keys(database).all()]
    if as_json:
        click.echo(json_text(found))
    elif found:
        columns = ("prefix", "name", "state", "scopes", "roles", "expires", "used")
        print_table(columns, [[cell(row[column]) for column in columns] for row in found], console())
    else:
        click.echo("No keys yet. Make one: refdesk keys create NAME --scope ask.")


@keys.command("revoke")
@click.argument("name")
@json_option
@click.pass_obj
def keys_revoke(shell: Shell, *, name: str, as_json: bool) -> None:
    """Close the key NAME for good; its name, its id or how it begins will do. A stream that it has opened goes on."""
    from serve.store.keys import Keys

    with opened_database(shell) as database:
        key = Keys(database).revoke(name)
        if key is None:
            raise UsageError(f"No key that still opens anything is called {name}:", hint="see `refdesk keys list`.")
        note(database, "key.revoke", key.name)
    click.echo(json_text(key_to_json(key)) if as_json else f"Revoked {key.prefix} ({printable(key.name)}).")


@click.command()
@click.option("--since", metavar="WHEN", help="Only what was done since: 12h, 30d, 4w or a date.")
@click.option("--action", default="", metavar="NAME", help="Only this, such as key.create, or key for all of them.")
@click.option("--actor", default="", metavar="WHO", help="Only what this one did, such as key:k_1a2b3c4d.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="How many at most.")
@json_option
@click.pass_obj
def audit(shell: Shell, *, since: str | None, action: str, actor: str, limit: int, as_json: bool) -> None:
    """Show who did what, when and from where, newest first."""
    from serve.store.audit import AuditTable
    from serve.store.schema import now

    start = moment_before(since, now()) if since else None
    with opened_database(shell) as database:
        found = AuditTable(database).entries(since=start, action=action, actor=actor, limit=limit)
    rows = [entry_to_json(entry) for entry in found]
    if as_json:
        click.echo(json_text(rows))
    elif rows:
        columns = ("at", "action", "actor", "address", "target", "details")
        print_table(columns, [[cell(row[column]) for column in columns] for row in rows], console())
    else:
        click.echo("Nothing is noted there.")


@contextmanager
def opened_database(shell: Shell) -> Iterator[Database]:
    """The database of the service that `shell` stands for."""
    from serve.config.settings import read_server_settings
    from serve.samples import service_shell
    from serve.store.store import open_store  # brings every table

    shell = service_shell(shell)
    password = shell.environment.database_password
    store = open_store(shell.root, read_server_settings(shell).database, password=password)
    try:
        yield store.database
    finally:
        store.close()


def note(database: Database, action: str, target: str, **details: str) -> None:
    """Note in the audit log what was done from this command line."""
    from serve.security.audit_log import AuditLog
    from serve.store.audit import AuditTable

    AuditLog(AuditTable(database)).note(action, actor=f"command:{person()}", target=target, **details)


def person() -> str:
    """Who sits at this machine, as far as it knows."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an id without an account, as in a container
        return "unknown"


def checked_name(name: str) -> str:
    """The name without blanks around it; `UsageError` for one that nobody could read or type."""
    stripped = name.strip()
    if not (0 < len(stripped) <= 100 and stripped.isprintable()):
        raise UsageError("A key's name has 1 to 100 characters that can be read:", hint="name it for who holds it.")
    return stripped


def key_to_json(key: Key) -> dict[str, Any]:
    """The key without what opens anything."""
    return {
        "id": key.id,
        "prefix": key.prefix,
        "name": key.name,
        "state": key.state,
        "scopes": sorted(key.scopes),
        "roles": sorted(key.roles),
        "created": moment_to_json(key.created),
        "expires": moment_to_json(key.expires),
        "used": moment_to_json(key.used),
    }


def entry_to_json(entry: AuditEntry) -> dict[str, Any]:
    """The entry's own fields."""
    names = ("action", "actor", "address", "target")
    fields = {name: getattr(entry, name) for name in names}
    return {"at": moment_to_json(entry.at), **fields, "details": dict(entry.details)}


def moment_to_json(moment: datetime | None) -> str | None:
    """The moment as ISO 8601, to the second."""
    return moment.isoformat(timespec="seconds") if moment else None


def cell(value: object) -> str:
    """One cell of a table."""
    match value:
        case None:
            return "–"
        case list():
            return printable(" ".join(value)) or "–"
        case dict():
            return printable(" ".join(f"{name}={item}" for name, item in value.items()))
    return printable(str(value))
