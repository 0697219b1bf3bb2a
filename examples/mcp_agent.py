"""An agent on the tools of an MCP server: here one that this file starts itself, as a program on standard input.

    python examples/mcp_agent.py --serve

is that server. Over HTTP it is `HttpStatelessClient("weather", "https://host/mcp")` in its place. A scripted stand-in
plays the model.
"""

from __future__ import annotations

import asyncio
import sys

from agents import ReActAgent
from agents.mcp import StdIOStatefulClient
from agents.testing import ScriptedModel, ScriptedRequest, tool_calls
from agents.tool import Toolkit

RAIN = {"Porto": "rain", "Faro": "sun"}


def serve() -> None:
    """A weather service that speaks MCP."""
    from mcp.server.mcpserver import MCPServer

    server: MCPServer[None] = MCPServer("weather")

    @server.tool()
    def get_weather(city: str) -> str:
        """The weather of a city."""
        return f"{city}: {RAIN.get(city, 'unknown')}"

    @server.tool()
    def close_airport(city: str) -> str:
        """Close the airport of a city."""
        return f"The airport of {city} is closed."

    server.run("stdio")


def summary(request: ScriptedRequest) -> str:
    """What the assistant says about what the tools gave."""
    told = [str(message.content) for message in request.messages if message.role == "tool"]
    return "The weather: " + ", ".join(told)


async def main() -> None:
    """Let an agent ask the server, but not close airports."""
    async with StdIOStatefulClient("weather", sys.executable, [__file__, "--serve"]) as server:
        toolkit = Toolkit()
        names = await toolkit.register_mcp_client(server, enable_funcs=["get_weather"])
        print(f"Tools: {', '.join(names)}")
        both = tool_calls(("get_weather", {"city": "Porto"}), ("get_weather", {"city": "Faro"}))
        assistant = ReActAgent(
            "Weather_Assistant", "You help with the weather.", ScriptedModel([both, summary]), toolkit=toolkit
        )
        reply = await assistant("How is the weather in Porto and in Faro?")
        print(f"{reply.name}: {reply.content}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        serve()
    else:
        asyncio.run(main())
