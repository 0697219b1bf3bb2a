"""AgentScope's ReAct agent and hub as its documentation shows them, timed over a server that is given.

python bench/peers/agentscope_turns.py SIDE BASE_URL

Prints milliseconds: of one turn (`turn`, `turn with a tool`), or of a broadcast to 100 agents (`broadcast`).
"""

from __future__ import annotations

import asyncio
import json
import sys
from time import perf_counter
from typing import Any

SIDES = ("turn", "turn with a tool")
TURNS = 50
RUNS = 5
LISTENERS = 100
BROADCASTS = 20


def add(a: int, b: int) -> int:
    """Add two numbers.

    Args:
        a: One number.
        b: The other.
    """
    return a + b


def made(name: str, side: str, base_url: str) -> Any:
    """An agent as the documentation makes it, without its console output."""
    # In an environment of its own.
    from agentscope.agent import ReActAgent  # type: ignore[import-not-found]  # as above
    from agentscope.formatter import OpenAIChatFormatter  # type: ignore[import-not-found]  # as above
    from agentscope.memory import InMemoryMemory  # type: ignore[import-not-found]  # as above
    from agentscope.message import TextBlock  # type: ignore[import-not-found]  # as above
    from agentscope.model import OpenAIChatModel  # type: ignore[import-not-found]  # as above
    from agentscope.tool import Toolkit, ToolResponse  # type: ignore[import-not-found]  # as above

    async def add_tool(a: int, b: int) -> Any:
        return ToolResponse([TextBlock(type="text", text=str(add(a, b)))])

    add_tool.__name__, add_tool.__doc__ = "add", add.__doc__
    toolkit = Toolkit()
    toolkit.register_tool_function(add_tool)
    agent = ReActAgent(
        name=name,
        sys_prompt="Be brief.",
        model=OpenAIChatModel(model_name=side, api_key="none", stream=False, client_kwargs={"base_url": base_url}),
        formatter=OpenAIChatFormatter(),
        toolkit=toolkit,
        memory=InMemoryMemory(),
    )
    agent.set_console_output_enabled(False)
    return agent


async def turns(side: str, base_url: str) -> float:
    """Milliseconds of one turn: the best of several runs."""
    from agentscope.message import Msg  # as above

    agent = made("bot", side, base_url)

    async def turn() -> None:
        await agent.memory.clear()
        await agent(Msg("user", "And now?", "user"))

    await turn()
    best = float("inf")
    for _ in range(RUNS):
        began = perf_counter()
        for _ in range(TURNS):
            await turn()
        best = min(best, 1000 * (perf_counter() - began) / TURNS)
    return best


async def broadcasts(base_url: str) -> float:
    """Milliseconds of a broadcast to 100 agents: the best of several."""
    from agentscope.message import Msg  # as above
    from agentscope.pipeline import MsgHub  # type: ignore[import-not-found]  # as above

    best = float("inf")
    async with MsgHub([made(f"bot {at}", "turn", base_url) for at in range(LISTENERS)]) as hub:
        for _ in range(BROADCASTS):
            began = perf_counter()
            await hub.broadcast(Msg("coordinator", "Listen.", "user"))
            best = min(best, 1000 * (perf_counter() - began))
    return best


def main() -> None:
    """Times one side."""
    side, base_url = sys.argv[1:]
    print(json.dumps(asyncio.run(broadcasts(base_url) if side == "broadcast" else turns(side, base_url))))


if __name__ == "__main__":
    main()
