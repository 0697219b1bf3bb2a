"""The tools of a declared agent: built-in ones, those of its workspace, and those of MCP servers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agents.declared.settings import IN_WORKSPACE, AgentSettings, ToolServerSettings
from agents.exceptions import ToolError
from agents.model.addresses import is_this_machine
from agents.tool.toolkit import Toolkit
from knowledge.errors import ConfigError

if TYPE_CHECKING:
    from agents.mcp.client import McpClient
    from agents.tool.builtin.workspace import Workspace
    from knowledge.terminal.shell import Shell

BANKS = "banks"


@dataclass(frozen=True, slots=True)
class Workshop:
    """Makes toolkits for declared agents, of what the process allows: its network, programs and tokens."""

    shell: Shell

    @property
    def folder(self) -> Path:
        """The folder that settings speak of."""
        return self.shell.config.parent if self.shell.config else self.shell.root

    async def toolkit(self, settings: AgentSettings) -> Toolkit:
        """The tools of one agent. Raises `ConfigError`, and `McpError` where a server cannot be reached."""
        import agents.tool as builtin

        toolkit = Toolkit()
        workspace = self.workspace(settings)
        for name in settings.tools:
            toolkit.register_tool_function(getattr(workspace if name in IN_WORKSPACE else builtin, name))
        for called, server in settings.tool_servers.items():
            client = self.client(called, server)
            await toolkit.register_mcp_client(client, enable_funcs=server.tools, namesake_strategy="rename")
        return toolkit

    def workspace(self, settings: AgentSettings) -> Workspace | None:
        """The folder that the agent works in, which is made where it is missing; raises `ConfigError`."""
        if settings.workspace is None:
            return None
        from agents.tool.builtin.workspace import Workspace

        home = self.folder.resolve()
        folder = (home / settings.workspace).resolve()
        # Whoever may write beside refdesk.yaml could give itself more rights.
        if home not in folder.parents or folder.is_relative_to(home / BANKS):
            raise ConfigError(
                f"The workspace {settings.workspace!r} is no folder of its own below {home}:",
                hint="write a name such as `workspace: work`.",
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"The workspace {folder} cannot be made: {error.strerror}.") from error
        return Workspace(folder)

    def client(self, name: str, server: ToolServerSettings) -> McpClient:
        """A client of an MCP server. Raises `ConfigError` or `ToolError` where the process does not allow it.

        A file that came with somebody's documents starts no program and sends no token anywhere: the environment
        says whether programs may start, and which token belongs to which address.
        """
        from agents.mcp import HttpStatelessClient, StdIOStatelessClient

        if server.command is not None:
            if not self.shell.environment.programs_allowed:
                raise ConfigError(
                    f"The settings would start the program {server.command!r} for the tools of {name}:",
                    hint="set REFDESK_ALLOW_PROGRAMS=1 to allow that.",
                )
            return StdIOStatelessClient(name, server.command, server.args, cwd=self.folder)
        url = str(server.url)
        if self.shell.offline and not is_this_machine(url):
            raise ToolError(f"Offline: the tools of {name} at {url} cannot be used.")
        token = self.shell.environment.tool_server_tokens.get(url)
        headers = {"Authorization": f"Bearer {token}"} if token else None
        return HttpStatelessClient(name, url, server.transport, headers)
