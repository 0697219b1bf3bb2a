"""A research team: one plans, two look things up side by side, one writes the report; everybody hears everybody.

Scripted stand-ins play the models, and a shelf of three notes plays the web.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from agents import DialogAgent, ReActAgent
from agents.message import Msg
from agents.pipeline import FanoutPipeline, MsgHub
from agents.testing import ModelStep, ScriptedModel, ScriptedRequest, tool_call
from agents.tool import Toolkit

SHELF = {
    "employment statistics": "In 2024, 14 per cent of firms in the sample used AI; their staff grew by 2 per cent.",
    "academic literature": "Two of three reviews find that tasks change more than jobs disappear.",
}
PAUSE = 0.3


def web_search(query: str) -> str:
    """Search the web.

    Args:
        query: What to look for.
    """
    time.sleep(PAUSE)  # as a real search would: two of them overlap
    return SHELF.get(query, "Nothing was found.")


def report(request: ScriptedRequest) -> str:
    """What the writer makes of all that it has heard."""
    heard = [note for note in SHELF.values() if note in request.text]
    return "Report: " + " ".join(heard)


def researcher(name: str, prompt: str, topic: str) -> ReActAgent:
    """Searches once, and says what it found."""
    toolkit = Toolkit()
    toolkit.register_tool_function(web_search)
    script: Sequence[ModelStep] = [tool_call("web_search", query=topic), lambda request: request.last]
    return ReActAgent(name, prompt, ScriptedModel(script), toolkit=toolkit)


async def main() -> None:
    """Research one question together."""
    plan = "Data: employment statistics. Literature: academic reviews."
    coordinator = ReActAgent("Coordinator", "You break topics into subtasks.", ScriptedModel([plan]))
    data = researcher("Data", "You find quantitative data.", "employment statistics")
    literature = researcher("Literature", "You know the academic literature.", "academic literature")
    writer = DialogAgent("Writer", "You write reports.", ScriptedModel([report]))

    async with MsgHub([coordinator, data, literature, writer]):
        planned = await coordinator(Msg("user", "What does AI do to employment in the next decade?"))
        begun = time.perf_counter()
        findings = await FanoutPipeline([data, literature])(planned)
        overlapped = time.perf_counter() - begun < 2 * PAUSE + 1
        final = await writer()
    for said in (planned, *findings, final):
        print(f"{said.name}: {said.content}")
    print(f"Both searches at once: {overlapped}")


if __name__ == "__main__":
    asyncio.run(main())
