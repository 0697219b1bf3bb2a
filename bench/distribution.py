"""The tutorial's 100 agents and 1,000 tasks, in this process and in workers, on one scripted server.

.venv/bin/python -m bench.distribution [--agents 100] [--tasks 1000] [--delay 0.0]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from dataclasses import dataclass
from typing import Any

import psutil

import agents
from agents.agent import ReActAgent
from agents.distribution import shutdown
from agents.distribution.workers import workers
from agents.message import Msg
from agents.testing import Reply, Request, ScriptedServer

HOSTS = {"worker-*.cluster": "127.0.0.1"}


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took, in seconds, and how many answers belonged to their tasks."""

    where: str
    constructing: float
    first_round: float
    all_tasks: float
    right: int
    processes: int
    megabytes: float

    def line(self) -> str:
        """The run as a line of a table."""
        return (
            f"{self.where:12} constructing {self.constructing:6.2f} s, first answers {self.first_round:6.2f} s, "
            f"tasks {self.all_tasks:6.2f} s, right {self.right}, processes {self.processes}, {self.megabytes:.0f} MB"
        )


def answer(request: Request, delay: float) -> Reply:
    """The task's own number, so that an answer that went astray is seen."""
    return Reply(f"answer to {request.messages[-1]['content']}", delay=delay)


async def measured(where: str, count: int, tasks: int, *, remote: bool) -> Run:
    """One run of the tutorial's program."""
    kind: Any = ReActAgent
    begin = time.perf_counter()
    team = [
        kind(name=f"worker_{at}", **({"to_dist": {"host": f"worker-{at % 10}.cluster"}} if remote else {}))
        for at in range(count)
    ]
    constructed = time.perf_counter()
    await asyncio.gather(*[agent(f"hello {at}") for at, agent in enumerate(team)])
    met = time.perf_counter()
    replies: list[Msg] = await asyncio.gather(*[team[at % count](f"task {at}") for at in range(tasks)])
    ended = time.perf_counter()
    right = sum(reply.content == f"answer to task {at}" for at, reply in enumerate(replies))
    right = min(right, sum(reply.name == f"worker_{at % count}" for at, reply in enumerate(replies)))
    pids = [os.getpid(), *(workers().processes() if remote else [])]
    memory = sum(psutil.Process(pid).memory_info().rss for pid in pids) / 2**20
    return Run(where, constructed - begin, met - constructed, ended - met, right, len(pids) - 1, memory)


def main() -> None:
    """Print a line for each way of running."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds that the model takes for each answer")
    chosen = parser.parse_args()
    with ScriptedServer([lambda request: answer(request, chosen.delay)]) as server:
        model = {
            "config_name": "scripted",
            "model_type": "openai_chat",
            "model_name": "scripted",
            "api_key": "none",
            "client_args": {"base_url": server.base_url},
        }
        agents.init(model_configs=model, hosts=HOSTS)
        for where, remote in (("here", False), ("workers", True)):
            print(asyncio.run(measured(where, chosen.agents, chosen.tasks, remote=remote)).line(), flush=True)
    shutdown()


if __name__ == "__main__":
    main()
