"""The command line's help as one Markdown page; `python -m serve.reference` prints `docs/cli.md`."""

from __future__ import annotations

from collections.abc import Iterator

import click

from serve.cli import cli

WIDTH = 100
INTRODUCTION = """# Command line

The help of every command, as the program prints it. Options of `refdesk` itself stand before the command:
`refdesk --root data ask "..."`.

Exit codes: 0 all went well, 1 something failed or some documents did not go in, 2 wrong usage,
3 the documents do not answer the question, 130 interrupted.
"""


def reference() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *sections(cli, "refdesk", None)])


def sections(command: click.Command, path: str, parent: click.Context | None) -> Iterator[str]:
    """The help of `command` under its full name, then that of its subcommands."""
    context = click.Context(
        command, parent=parent, info_name=path.split()[-1], terminal_width=WIDTH, **command.context_settings
    )
    help_text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    yield f"## {path}\n\n```text\n{help_text}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            subcommand = command.get_command(context, name)
            if subcommand is not None:
                yield from sections(subcommand, f"{path} {name}", context)


if __name__ == "__main__":
    click.echo(reference(), nl=False)
