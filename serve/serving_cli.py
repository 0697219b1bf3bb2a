"""The command serve."""

from __future__ import annotations

import click

from agents.cli import model_options
from agents.model.settings import without_network
from knowledge.terminal.options import json_option
from knowledge.terminal.shell import Shell

PORT = 8080


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0 takes any that is free."
)
@click.option(
    "--log",
    type=click.Choice(["warnings", "plain", "json"]),
    default="warnings",
    show_default=True,
    help="What goes to standard error: warnings, or a line for each request too.",
)
@model_options
@json_option
@click.pass_obj
def serve(
    shell: Shell, *, host: str, port: int, log: str, model_name: str | None, offline: bool, as_json: bool
) -> None:
    """Serve the banks as a support bot: a chat page, and an API for programs.

    Banks that refdesk.yaml declares and that are not there yet are ingested first; where nothing is configured, the
    sample banks are served. Everything else is set under `server:` in refdesk.yaml, which `refdesk init` writes.
    Other machines can reach it once there are keys: `refdesk keys create`.
    """
    from serve.serving import Wanted, run_service

    run_service(without_network(shell, offline=offline), Wanted(host, port, model_name, as_json, log))
