"""The command mcp: banks and answers for every program that speaks the Model Context Protocol."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from agents.answers.scope import Scope, named_banks
from agents.cli import model_options, tell
from agents.model.registry import ModelRegistry
from agents.model.settings import choose_model, without_network
from agents.model.spec import open_model
from agents.runtime import Runtime, isolated
from knowledge.errors import UsageError
from knowledge.terminal.opening import open_library
from knowledge.terminal.options import as_option, filter_option, reader
from knowledge.terminal.shell import Shell
from knowledge.types import MetadataValue

if TYPE_CHECKING:
    from agents.mcp.desk import Desk

LOCAL_NAMES = frozenset({"localhost", "ip6-localhost"})


@click.command()
@click.option("--bank", "--banks", "banks", multiple=True, metavar="NAME", help="Only this bank; repeatable.")
@as_option
@filter_option
@model_options
@click.option("--agent", "agents", multiple=True, metavar="NAME", help="Only this agent; repeatable.")
@click.option("--http", "address", metavar="HOST:PORT", help="Serve over HTTP at /mcp instead of standard input.")
@click.option("--json", "as_json", is_flag=True, help="With --http, print where it serves as JSON.")
@click.pass_context
def mcp(
    ctx: click.Context,
    *,
    banks: tuple[str, ...],
    roles: tuple[str, ...],
    filters: tuple[tuple[str, MetadataValue], ...],
    model_name: str | None,
    offline: bool,
    agents: tuple[str, ...],
    address: str | None,
    as_json: bool,
) -> None:
    """Serve banks and agents to programs that speak the Model Context Protocol.

    Tools: search, ask, open_document, and ask_NAME for each agent that refdesk.yaml declares. Resources: the documents.
    All of it as one reader, who has the roles of --as.
    Without --http it serves on standard input and output. Beyond this machine it serves only with a token:
    set REFDESK_MCP_TOKEN, and let clients send it as a bearer token.
    """
    shell = without_network(ctx.obj, offline=offline)
    scope = Scope(reader(roles), tuple(name for given in banks for name in given.split(",")) or None, dict(filters))
    host, port = parsed_address(address) if address else ("", 0)
    token = shell.environment.mcp_token
    if address and not token and not is_local(host):
        raise UsageError(f"{host} can be reached from other machines:", hint="set REFDESK_MCP_TOKEN, or use 127.0.0.1.")
    if as_json and not address:
        raise UsageError("Standard output belongs to the protocol:", hint="use --json with --http.")
    asyncio.run(_serve(shell, scope, model_name, agents, host, port, as_json=as_json))


def parsed_address(address: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`; an address of version 6 stands in brackets. Raises `UsageError`."""
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (colon and host and port.isdecimal() and int(port) < 65536):
        raise UsageError(f"{address!r} is no address:", hint="write HOST:PORT, such as 127.0.0.1:8700.")
    return host, int(port)


def is_local(host: str) -> bool:
    """Whether only this machine can reach a server that listens at `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() in LOCAL_NAMES


async def _serve(
    shell: Shell,
    scope: Scope,
    model_name: str | None,
    agents: Sequence[str],
    host: str,
    port: int,
    *,
    as_json: bool,
) -> None:
    from importlib.metadata import version

    from agents.mcp.protocol_server import desk_server, http_app, serve_pipes  # takes a second

    with isolated(Runtime(ModelRegistry(root=shell.root), offline=shell.offline, root=shell.root)):
        server = desk_server(opened_desk(shell, scope, model_name, agents), version=version("refdesk"))
        if not host:
            await serve_pipes(server)
            return
        import uvicorn

        url = f"http://{f'[{host}]' if ':' in host else host}:{port}/mcp"
        if as_json:
            click.echo(json.dumps({"url": url}))  # on one line, since whoever started it reads line by line
        else:
            tell(f"Serving at {url}; stop with Ctrl-C.")
        app = http_app(server, host=host, token=shell.environment.mcp_token)
        await uvicorn.Server(uvicorn.Config(app, host=host, port=port, log_level="warning")).serve()


def opened_desk(shell: Shell, scope: Scope, model_name: str | None, agents: Sequence[str] = ()) -> Desk:
    """The banks in `scope` with the agents that refdesk.yaml declares, all or those named; says what is left out."""
    from agents.declared import load_agents
    from agents.mcp.desk import Desk
    from agents.mcp.served_agents import declared_agents

    choice = choose_model(shell, model_name)
    tell(choice.note)
    library = open_library(shell)
    llm = open_model(choice.spec) if choice.spec else None
    roster = load_agents(shell, library, llm=llm)
    if scope.banks is not None or not roster.agents:
        named_banks(library, scope.banks)
    if scope.banks is not None or scope.filters:
        # No agent heeds filters, so that none with a bank is served beside them.
        roster = roster.within(() if scope.filters else scope.banks or ())
    roster = roster.only(agents) if agents else roster
    for sentence in roster.left_out.values():
        tell(sentence)
    return Desk(library, scope, llm, declared_agents(roster, scope.reader))
