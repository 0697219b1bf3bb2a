"""The Model Context Protocol: tools of other servers for agents, and banks and agents as a server."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.mcp.client import McpClient, McpFunction
    from agents.mcp.http_clients import HttpStatefulClient, HttpStatelessClient
    from agents.mcp.stdio_clients import StdIOStatefulClient, StdIOStatelessClient

__all__ = [
    "HttpStatefulClient",
    "HttpStatelessClient",
    "McpClient",
    "McpFunction",
    "StdIOStatefulClient",
    "StdIOStatelessClient",
]
HOMES = {
    "HttpStatefulClient": "http_clients",
    "HttpStatelessClient": "http_clients",
    "StdIOStatefulClient": "stdio_clients",
    "StdIOStatelessClient": "stdio_clients",
}


def __getattr__(name: str) -> object:
    # Loaded when asked for, and the protocol's own package only when a server is first spoken to: it takes a second.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"agents.mcp.{HOMES.get(name, 'client')}"), name)
