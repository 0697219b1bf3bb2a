"""Clients of MCP servers at an address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from agents.exceptions import McpError
from agents.mcp.client import McpClient
from agents.mcp.stateful import StatefulClient
from agents.mcp.stateless import StatelessClient

if TYPE_CHECKING:
    from agents.mcp.connections import HttpEndpoint

Way = Literal["streamable_http", "sse"]


class _Address(McpClient):
    """A client of a server at exactly the address given.

    `timeout` is how many seconds connecting may take, `sse_read_timeout` how long a request may be without news.
    `headers` may carry a key. Proxies and SSL_CERT_FILE of the environment are honoured.
    """

    def __init__(
        self,
        name: str,
        url: str,
        transport: Way = "streamable_http",
        headers: Mapping[str, str] | None = None,
        timeout: float = 30.0,
        sse_read_timeout: float = 300.0,
    ) -> None:
        if transport not in ("streamable_http", "sse"):
            raise McpError(f"{transport!r} is no transport of MCP:", hint="write streamable_http or sse.")
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise McpError(f"{url!r} is no address of an MCP server:", hint="begin it with http:// or https://.")
        # Without what may be secret in it.
        super().__init__(name, f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}", timeout)
        self._url, self._transport, self._headers = url, transport, dict(headers or {})
        self._read_timeout = sse_read_timeout

    def endpoint(self) -> HttpEndpoint:
        """Where the server is."""
        from agents.mcp.connections import HttpEndpoint

        return HttpEndpoint(self._url, self._transport, self._headers, self.timeout, self._read_timeout)


class HttpStatelessClient(_Address, StatelessClient):
    """A client that connects for each request."""


class HttpStatefulClient(_Address, StatefulClient):
    """A client that keeps its connection."""
