"""Agents in worker processes: the same code, with `to_dist`; here on this machine, elsewhere by the name of a host.

A scripted server plays the model, which the workers ask as they would ask a real one.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import agents
from agents import LlamaIndexAgent, ReActAgent
from agents.rag import LlamaIndexKnowledge
from agents.testing import Request, ScriptedServer

AGENTS, TASKS = 20, 200
HANDBOOK = Path(__file__).parent / "handbook"


def done(request: Request) -> str:
    """What the model says."""
    return f"done: {request.messages[-1]['content']}"


async def many() -> None:
    """A pool of agents takes tasks side by side; each answer belongs to its own task."""
    pool = [ReActAgent(f"worker_{at}", to_dist=True) for at in range(AGENTS)]
    begun = time.perf_counter()
    replies = await asyncio.gather(*(pool[at % AGENTS](f"task {at}") for at in range(TASKS)))
    right = all(reply.content == f"done: task {at}" for at, reply in enumerate(replies))
    print(f"{len(replies)} tasks of {AGENTS} agents: all right: {right}")
    print(f"({time.perf_counter() - begun:.1f} s)")


async def one(root: str) -> None:
    """An agent that answers from a bank takes it along: the worker opens the same folder."""
    knowledge = LlamaIndexKnowledge.build_knowledge_instance("handbook", {HANDBOOK: [".md"]}, root=root)
    desk = LlamaIndexAgent("Desk", model=None, knowledge_list=[knowledge], to_dist=True)
    reply = await desk("How many days of annual leave do I have?")
    print(f"{reply.name}: {reply.content}")
    print(f"It remembers {len(await desk.memory.get_memory())} messages.")


async def main(root: str, server: ScriptedServer) -> None:
    """Many agents with a model, then one without."""
    await one(root)
    agents.init(model_configs={"model_name": "scripted", "base_url": server.base_url, "api_key": "none"}, root=root)
    await many()


if __name__ == "__main__":
    with TemporaryDirectory() as folder, ScriptedServer([done]) as scripted:
        asyncio.run(main(folder, scripted))
