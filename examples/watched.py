"""What agents do, as spans: kept in a file on this machine, or sent to any collector (`tracing_endpoint=`).

A studio shows what they say: `refdesk studio` starts ours, `agents.init(studio_url=...)` tells it.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from agents import ReActAgent
from agents.testing import ScriptedModel, tool_call
from agents.tool import Toolkit
from agents.tracing import flush_tracing, setup_tracing, stop_tracing, trace_llm
from agents.tracing.store import TraceStore


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@trace_llm
async def monitored_agent_call() -> str:
    """A function with a span of its own."""
    toolkit = Toolkit()
    toolkit.register_tool_function(add)
    model = ScriptedModel([tool_call("add", a=2, b=3), "It is five."])
    return (await ReActAgent("Monitored", model=model, toolkit=toolkit)("What is two and three?")).text


async def main(folder: Path) -> None:
    """Trace one call and look at it."""
    setup_tracing("my_agent_service", store=folder / "traces.sqlite")
    print(await monitored_agent_call())
    flush_tracing()
    store = TraceStore(folder / "traces.sqlite")
    [summary] = store.traces()
    for span in sorted(store.spans(summary.trace_id), key=lambda span: span.start):
        print(f"  {span.name}")
    stop_tracing()


if __name__ == "__main__":
    with TemporaryDirectory() as name:
        asyncio.run(main(Path(name)))
