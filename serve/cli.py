"""The command `refdesk`: global options, and the table of commands that the layers provide."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import ClassVar

import click

from knowledge.settings import quiet_dependencies, read_environment
from knowledge.terminal.shell import open_shell
from serve.edge import exit_code, prepare_process
from serve.lazy import LazyCommand, LazyGroup


class Refdesk(LazyGroup):
    """The commands, each with the module that provides it."""

    table: ClassVar[Mapping[str, LazyCommand]] = {
        "ingest": LazyCommand("ingest.cli:ingest", "Put documents into a bank, or bring it up to date."),
        "ask": LazyCommand("agents.cli:ask", "Answer a question with citations, or say that the documents don't."),
        "chat": LazyCommand("agents.cli:chat", "Ask one question after another."),
        "studio": LazyCommand("agents.studio.cli:studio", "Watch agents in a browser while they work."),
        "search": LazyCommand("knowledge.terminal.cli:search", "List the passages that fit a question best."),
        "banks": LazyCommand("knowledge.terminal.cli:banks", "List the banks, or remove one."),
        "documents": LazyCommand("knowledge.terminal.cli:documents", "List the documents of banks, or remove one."),
        "init": LazyCommand("serve.config.cli:init", "Write a refdesk.yaml that says what can be set."),
        "serve": LazyCommand("serve.serving_cli:serve", "Serve the banks as a support bot, with a page and an API."),
        "mcp": LazyCommand("agents.mcp.cli:mcp", "Serve the banks to programs that speak the Model Context Protocol."),
        "verify": LazyCommand("knowledge.terminal.cli:verify", "Check that citations, vectors and postings agree."),
        "eval": LazyCommand("eval.cli:evaluate", "Measure answers and retrieval; compare runs; gate a build."),
        "keys": LazyCommand("serve.security.cli:keys", "Make, list and revoke the keys that callers need."),
        "sessions": LazyCommand("serve.security.sessions_cli:sessions", "List and revoke the sessions of staff."),
        "feedback": LazyCommand("serve.feedback_cli:feedback", "List what people thought of answers, for evaluation."),
        "audit": LazyCommand("serve.security.cli:audit", "Show who did what, when and from where."),
        "backup": LazyCommand("serve.backup.cli:backup", "Copy conversations, banks and settings into one file."),
        "restore": LazyCommand("serve.backup.cli:restore", "Put a backup into an empty place."),
        "doctor": LazyCommand("serve.doctor:doctor", "Show versions, models, settings and what is missing."),
    }


@click.group(cls=Refdesk, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--root",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="The folder that holds the banks. [default: beside the nearest refdesk.yaml]",
)
@click.option("--offline", is_flag=True, help="Make no connection, whatever is configured.")
@click.option("--debug", is_flag=True, help="Show the traceback of a failure.")
@click.version_option(package_name="refdesk", message="refdesk %(version)s")
@click.pass_context
def cli(ctx: click.Context, root: Path | None, *, offline: bool, debug: bool) -> None:
    """Documents in, cited answers out.

    Put documents into a bank with `refdesk ingest FOLDER --bank NAME`, then ask with `refdesk ask "..."`.
    """
    environ: MutableMapping[str, str] = ctx.obj
    quiet_dependencies(environ, offline=offline)
    ctx.obj = open_shell(read_environment(environ), root=root, folder=Path.cwd(), offline=offline)


def globals_first(arguments: Sequence[str]) -> list[str]:
    """The same arguments, with the global options moved to the front: they may stand behind the command too."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    front: list[str] = []
    rest: list[str] = []
    words = list(arguments[:end])
    while words:
        word = words.pop(0)
        if word == "--root" and words:
            front += [word, words.pop(0)]
        elif word in ("--offline", "--debug") or word.startswith("--root="):
            front.append(word)
        else:
            rest.append(word)
    return [*front, *rest, *arguments[end:]]


def main(arguments: Sequence[str] | None = None, *, environ: MutableMapping[str, str] | None = None) -> int:
    """Run one command; its exit code. Arguments and environment are those of the process unless given."""
    given = globals_first(sys.argv[1:] if arguments is None else arguments)
    variables = os.environ if environ is None else environ
    debug = "--debug" in given
    if arguments is None:
        prepare_process(debug=debug)
    return exit_code(lambda: cli.main(given, prog_name="refdesk", standalone_mode=False, obj=variables), debug=debug)


if __name__ == "__main__":
    sys.exit(main())
