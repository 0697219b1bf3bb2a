"""The command studio."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import click

from knowledge.terminal.json_output import json_text
from knowledge.terminal.options import json_option
from knowledge.terminal.shell import Shell

FILE_NAME = "studio.sqlite"
PORT = 8000


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0 takes any that is free."
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where conversations and traces are kept. [default: beside the banks]",
)
@json_option
@click.pass_obj
def studio(shell: Shell, *, host: str, port: int, folder: Path | None, as_json: bool) -> None:
    """Watch agents in a browser: what they say, what it takes, and their traces.

    Programs tell it with `agents.init(studio_url="http://localhost:8000")`, and send their spans to `/v1/traces` there.
    From other machines it can be used with the token in REFDESK_STUDIO_TOKEN only.
    """
    from agents.studio.server import StudioServer
    from agents.studio.service import Service
    from agents.studio.store import StudioStore
    from agents.tracing.setup import STORE_NAME
    from agents.tracing.store import TraceStore

    where = folder or shell.root
    service = Service(StudioStore(where / FILE_NAME), TraceStore(where / STORE_NAME))
    server = StudioServer(service, host=host, port=port, token=shell.environment.studio_token)
    click.echo(json_text({"url": server.url}) if as_json else f"Studio at {server.url}, until Ctrl-C.")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):  # that is how it ends
        server.serve()
