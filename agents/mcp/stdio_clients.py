"""Clients of MCP servers that are started as programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agents.exceptions import McpError
from agents.mcp.client import McpClient
from agents.mcp.stateful import StatefulClient
from agents.mcp.stateless import StatelessClient

if TYPE_CHECKING:
    from agents.mcp.connections import StdioEndpoint


class _Program(McpClient):
    """A client of a program that serves on its standard input and output.

    Of the environment the program inherits only what programs need to run; `env` adds to it. `timeout` is how many
    seconds its start may take.
    """

    def __init__(
        self,
        name: str,
        command: str,
        args: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        cwd: Path | str | None = None,
        timeout: float = 30.0,
    ) -> None:
        super().__init__(name, command, timeout)
        self._command, self._args, self._env = command, list(args), dict(env or {})
        self._cwd = str(cwd) if cwd is not None else None
        self._last: StdioEndpoint | None = None

    def endpoint(self) -> StdioEndpoint:
        """The program, started anew."""
        from agents.mcp.connections import StdioEndpoint

        self._last = StdioEndpoint(self._command, self._args, self._env, self._cwd)
        return self._last

    def failed(self, error: BaseException) -> McpError:
        """What went wrong, with the last line that the program wrote, which usually says why."""
        told = super().failed(error)
        said = self._last.said().splitlines() if self._last is not None else []
        return McpError(told.message, hint=f"The program wrote: {said[-1].strip()}") if said else told


class StdIOStatefulClient(_Program, StatefulClient):
    """A client that starts the server as a program and keeps it running."""


class StdIOStatelessClient(_Program, StatelessClient):
    """A client that starts the program for each request."""
