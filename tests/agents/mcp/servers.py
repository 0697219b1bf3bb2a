"""Real MCP servers for these tests, on loopback and as programs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import uvicorn
from mcp.server import MCPServer
from mcp.types import ImageContent, TextContent

PROGRAM = Path(__file__)


def weather_server() -> MCPServer:
    """A few tools, one for each way in which a tool can answer."""
    server = MCPServer("weather", log_level="CRITICAL")
    _add_tools_about_the_process(server)

    @server.tool()
    def get_weather(city: str, days: int = 1) -> str:
        """Tell the weather of a city."""
        return f"{city}: sunny for {days} day(s)"

    @server.tool()
    def forecast(city: str) -> dict[str, Any]:
        """Tell more."""
        return {"city": city, "rain": 0.2}

    @server.tool()
    def picture() -> list[TextContent | ImageContent]:
        """Show it."""
        return [
            TextContent(type="text", text="the sky"),
            ImageContent(type="image", data="aGk=", mime_type="image/png"),
        ]

    @server.tool()
    def fail() -> str:
        """Fail."""
        raise ValueError("the station is down")

    @server.tool()
    async def slow(seconds: float) -> str:
        """Take a while."""
        await asyncio.sleep(seconds)
        return "done"

    @server.tool(name="odd.name/here")
    def odd() -> str:
        """Have a name that models cannot call."""
        return "odd"

    return server


def _add_tools_about_the_process(server: MCPServer) -> None:
    calls: list[str] = []

    @server.tool()
    def count() -> int:
        """Count the calls of this process."""
        calls.append("")
        return len(calls)

    @server.tool()
    def die() -> str:
        """End the server."""
        os._exit(3)

    @server.tool()
    def environment(name: str) -> str:
        """Tell a variable."""
        return os.environ.get(name, "not set")


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.asynccontextmanager
async def serving(app: Callable[..., Any], port: int = 0, **options: Any) -> AsyncIterator[int]:
    """An app on loopback; gives the port."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    config = uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=1, **options)
    server = uvicorn.Server(config)
    # `should_exit` is what ends it; its own handlers would end the whole test session.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]  # a context that does nothing
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        listener.close()


if __name__ == "__main__":
    print("started with", *sys.argv[1:], file=sys.stderr)
    if "broken" in sys.argv:
        sys.exit("no configuration was found")
    weather_server().run()
