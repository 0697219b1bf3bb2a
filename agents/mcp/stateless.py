"""A client that connects for each request."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from agents.exceptions import McpError, RefdeskError
from agents.mcp.client import McpClient, Use
from agents.mcp.failures import never_arrived

if TYPE_CHECKING:
    from agents.mcp.connections import Endpoint

T = TypeVar("T")


class StatelessClient(McpClient):
    """Every request has a connection of its own: nothing to open or close, usable from any event loop."""

    def __init__(self, name: str, where: str, timeout: float) -> None:
        super().__init__(name, where, timeout)
        self._mode = "auto"

    def endpoint(self) -> Endpoint:
        """Where the server is."""
        raise NotImplementedError

    async def use(self, action: Use[T], *, again: bool) -> T:
        """What `action` gives on a new connection; once more where the server speaks an older version only."""
        try:
            return await self._once(action)
        except RefdeskError:
            raise
        except Exception as error:  # the edge to foreign code, which raises groups of whatever went wrong
            if self._mode == "legacy" or never_arrived(error) or not again:
                raise self.failed(error) from error
        self._mode = "legacy"
        try:
            return await self._once(action)
        except Exception as error:  # as above
            self._mode = "auto"
            raise self.failed(error) from error

    async def _once(self, action: Use[T]) -> T:
        from agents.mcp.connections import connected, mode_after  # loads the protocol's package

        endpoint = self.endpoint()
        async with connected(endpoint, self._mode, self.timeout) as client:
            self._mode = mode_after(client)
            return await action(client.session)
        raise McpError(f"The MCP server {self.name} closed the connection.")  # a context that swallows an error
