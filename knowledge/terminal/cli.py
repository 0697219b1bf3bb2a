"""Commands over banks that exist: search, banks, documents, verify."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from knowledge.errors import UsageError
from knowledge.terminal.json_output import json_text, passage_to_json
from knowledge.terminal.opening import open_library
from knowledge.terminal.options import as_option, banks_option, filter_option, json_option, reader
from knowledge.terminal.presentation import console, counted, print_passages, print_table, readable, shown_path
from knowledge.terminal.shell import Shell
from knowledge.types import MetadataValue, Reader

if TYPE_CHECKING:
    from knowledge.bank import KnowledgeBank
    from knowledge.library import Library
    from knowledge.storage.rows import DocumentSummary
    from knowledge.storage.verification import Verification

bank_option = click.option("--bank", "bank_name", required=True, metavar="NAME", help="The bank.")


@click.command()
@click.argument("question", nargs=-1, required=True)
@banks_option
@click.option("-k", "--k", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many passages.")
@as_option
@filter_option
@click.option("--explain", is_flag=True, help="Show where each score comes from.")
@json_option
@click.pass_obj
def search(
    shell: Shell,
    *,
    question: tuple[str, ...],
    banks: tuple[str, ...],
    k: int,
    roles: tuple[str, ...],
    filters: tuple[tuple[str, MetadataValue], ...],
    explain: bool,
    as_json: bool,
) -> None:
    """List the passages that fit QUESTION best."""
    library = open_library(shell)
    found = library.search(" ".join(question), k=k, banks=banks or None, reader=reader(roles), filters=dict(filters))
    if as_json:
        click.echo(json_text([passage_to_json(passage) for passage in found]))
    else:
        print_passages(found, console(), explain=explain)


@click.group(invoke_without_command=True)
@as_option
@json_option
@click.pass_context
def banks(ctx: click.Context, *, roles: tuple[str, ...], as_json: bool) -> None:
    """List the banks, or remove one."""
    if ctx.invoked_subcommand:
        return
    shell: Shell = ctx.obj
    library = open_library(shell)
    rows = [bank_to_json(library.bank(name), reader(roles)) for name in library.names()]
    if as_json:
        click.echo(json_text(rows))
    elif rows:
        columns = ("name", "title", "documents", "chunks", "embedder", "size")
        print_table(columns, [[cell(row[column]) for column in columns] for row in rows], console())
    else:
        click.echo(f"No banks under {shell.root} yet. Make one: refdesk ingest FOLDER --bank NAME.")


@banks.command("rm")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def banks_rm(shell: Shell, *, name: str, yes: bool, as_json: bool) -> None:
    """Remove the bank NAME and all it holds; the documents themselves stay where they are."""
    library = open_library(shell)
    count = len(library.bank(name).documents(reader=Reader()))
    confirm(f"Remove the bank {name!r} ({counted(count, 'document')} that everyone may read)?", yes=yes)
    library.remove(name)
    click.echo(json_text({"removed": name}) if as_json else f"Removed the bank {name!r}.")


@click.group()
def documents() -> None:
    """List the documents of banks, or remove one."""


@documents.command("list")
@banks_option
@as_option
@json_option
@click.pass_obj
def documents_list(shell: Shell, *, banks: tuple[str, ...], roles: tuple[str, ...], as_json: bool) -> None:
    """List the documents of all banks, or of some."""
    library, who = open_library(shell), reader(roles)
    found = [(name, one) for name in chosen(library, banks) for one in library.bank(name).documents(reader=who)]
    if as_json:
        click.echo(json_text([{"bank": bank, **summary_to_json(document)} for bank, document in found]))
    else:
        columns = ("bank", "id", "title", "file", "chunks", "readers")
        print_table(columns, [[bank, *summary_cells(document)] for bank, document in found], console())


@documents.command("rm")
@click.argument("names", metavar="DOCUMENT...", nargs=-1, required=True)
@bank_option
@as_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def documents_rm(
    shell: Shell, *, names: tuple[str, ...], bank_name: str, roles: tuple[str, ...], yes: bool, as_json: bool
) -> None:
    """Remove documents, named by number, file or title, from a bank; the files stay where they are.

    A file that still stands where it was ingested from comes back with the next ingest of that place.
    """
    from knowledge.storage.removal import find_documents, remove_documents  # the catalog is not needed by `--help`

    bank = open_library(shell).bank(bank_name)
    doomed = find_documents(bank, names, reader(roles))
    confirm(f"Remove {', '.join(repr(document.title) for document in doomed)} from {bank_name!r}?", yes=yes)
    remove_documents(bank, doomed)
    removed = [summary_to_json(document) for document in doomed]
    click.echo(json_text({"removed": removed}) if as_json else f"Removed {len(doomed)} from {bank_name!r}.")


@click.command()
@banks_option
@json_option
@click.pass_context
def verify(ctx: click.Context, *, banks: tuple[str, ...], as_json: bool) -> None:
    """Check that every citation span, vector and posting agrees with the catalog."""
    library = open_library(ctx.obj)
    results = [library.bank(name).verify() for name in chosen(library, banks)]
    if as_json:
        click.echo(json_text([verification_to_json(result) for result in results]))
    else:
        for result in results:
            print_verification(result)
    ctx.exit(0 if all(result.sound for result in results) else 1)


def chosen(library: Library, names: tuple[str, ...]) -> tuple[str, ...]:
    """The banks that were named, or all; says so where there are none."""
    names = names or library.names()
    if not names:
        click.echo(f"No banks under {library.root} yet.", err=True)
    return names


def confirm(question: str, *, yes: bool) -> None:
    """Goes on only after a yes; asks at a terminal, and wants `--yes` elsewhere."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("Removing needs a confirmation:", hint="add --yes.")
    click.confirm(question, abort=True)


def bank_to_json(bank: KnowledgeBank, who: Reader) -> dict[str, Any]:
    """What `refdesk banks` tells about a bank, counting what `who` may see."""
    card = bank.card()
    visible = bank.documents(reader=who)
    return {
        "name": bank.name,
        "title": card.title,
        "description": card.description,
        "documents": len(visible),
        "chunks": sum(document.chunks for document in visible),
        "embedder": card.embedder.model,
        "bytes": size(bank.path),
        "size": f"{size(bank.path) / 1e6:.1f} MB",
    }


def size(folder: Path) -> int:
    """The bytes of all files in a folder; one that goes away meanwhile counts nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total


def cell(value: object) -> str:
    """A table cell: whole numbers with thousands marked off."""
    return f"{value:,}" if isinstance(value, int) else readable(str(value))


def allowed(document: DocumentSummary) -> str:
    """Who may read a document."""
    return ", ".join(sorted(document.allow))


def summary_cells(document: DocumentSummary) -> list[str]:
    """A document as a row of a table."""
    place = [readable(document.title), shown_path(document.uri)]
    return [str(document.id), *place, str(document.chunks), allowed(document)]


def summary_to_json(document: DocumentSummary) -> dict[str, Any]:
    """A document's summary as plain JSON values."""
    return {
        "id": document.id,
        "title": document.title,
        "uri": document.uri,
        "media_type": document.media_type,
        "chunks": document.chunks,
        "allow": sorted(document.allow),
    }


def verification_to_json(result: Verification) -> dict[str, Any]:
    """What was compared and what disagrees."""
    return {
        "bank": result.bank,
        "sound": result.sound,
        "documents": result.documents,
        "spans": result.spans,
        "vectors": result.vectors,
        "postings": result.postings,
        "faults": list(result.faults),
        "notes": list(result.notes),
    }


def print_verification(result: Verification) -> None:
    """One line for a sound bank; the faults of another."""
    parts = ("document", "span", "vector", "posting")
    told = ", ".join(counted(getattr(result, f"{part}s"), part) for part in parts)
    click.echo(f"{result.bank}: {'all agree' if result.sound else 'DOES NOT AGREE'}: {told}.")
    for fault in result.faults:
        click.echo(f"  {readable(fault)}")
    for note in result.notes:
        click.echo(f"  Note: {readable(note)}")
    if not result.sound:
        click.echo("  Restore a copy of the bank, or remove it (refdesk banks rm) and ingest again.")
