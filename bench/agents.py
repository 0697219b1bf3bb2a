"""What agents cost beyond their model: a turn, a round of tools, spans, a broadcast, many conversations at once.

    .venv/bin/python -m bench.agents
    .venv/bin/python -m bench.agents --agentscope /path/to/env/bin/python

The model is scripted: in this process for the overhead of a turn, behind an OpenAI-compatible server in a process of
its own where AgentScope 1.0.21 stands beside, which needs an environment of its own:
`pip install agentscope==1.0.21 "mcp<2" greenlet tqdm`. There both ask the same server the same number of times,
through their own OpenAI clients; each figure is the best of several runs, taken in turns. Bars: 1 ms a turn, 1.5 times
the ideal for 1,000 conversations with a model of 2 s, 2 ms for a broadcast to 100 agents.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from agents.agent import ReActAgent
from agents.message import Msg
from agents.model.openai_chat import OpenAIChatModel
from agents.pipeline import MsgHub
from agents.testing import Reply, Request, ScriptedModel, ScriptedServer, tool_call
from agents.tool import Toolkit
from agents.tracing.spans import Off, Operation, Span, record_with, span
from bench.peers.agentscope_turns import SIDES, add

CONVERSATIONS = 1_000
LATENCY = 2.0
LISTENERS = 100
ROUNDS = 20
TURNS = 50
SPANS = 20_000


def toolkit() -> Toolkit:
    """One tool."""
    made = Toolkit()
    made.register_tool_function(add)
    return made


async def turn_overhead() -> dict[str, float]:
    """Milliseconds of a turn and of a turn with a round of tools, with a model that takes no time.

    Best and median by the clock, and the best in time of the processor, which a busy machine stretches less.
    """
    plain = ReActAgent("bot", "Be brief.", ScriptedModel(["Fine."]), toolkit=toolkit())
    calls = ScriptedModel([lambda request: "3" if request.messages[-1].role == "tool" else tool_call("add", a=1, b=2)])
    acting = ReActAgent("bot", "Be brief.", calls, toolkit=toolkit())
    figures: dict[str, float] = {}
    for name, agent in (("turn", plain), ("turn with a tool", acting)):
        spent = [await _timed(agent) for _ in range(ROUNDS)]
        figures[f"{name}, best"] = min(clock for clock, _ in spent)
        figures[f"{name}, median"] = statistics.median(clock for clock, _ in spent)
        figures[f"{name}, processor"] = min(processor for _, processor in spent)
    return figures


async def _timed(agent: ReActAgent) -> tuple[float, float]:
    """Milliseconds a turn, over a run of short conversations: by the clock and of the processor."""
    began, worked = perf_counter(), process_time()
    for at in range(TURNS):
        if at % 10 == 0:
            agent.memory.clear()
        await agent("And now?")
    return 1000 * (perf_counter() - began) / TURNS, 1000 * (process_time() - worked) / TURNS


async def spans_off() -> dict[str, float]:
    """What spans cost while tracing is off: microseconds of one, how many a turn opens, and their share of a turn."""
    counting = _Counting()
    before = record_with(counting)
    try:
        await ReActAgent("bot", "Be brief.", ScriptedModel(["Fine."]), toolkit=toolkit())("And now?")
    finally:
        record_with(before)
    one = min(_spans() - _nothing() for _ in range(ROUNDS))
    return {
        "span while off, microseconds": one,
        "spans of a turn": float(counting.count),
        "spans of a turn while off, microseconds": counting.count * one,
    }


class _Counting(Off):
    """Records nothing, and counts the spans."""

    def __init__(self) -> None:
        self.count = 0

    def span(
        self, operation: Operation, name: str, attributes: Mapping[str, Any] | None
    ) -> AbstractContextManager[Span]:
        self.count += 1
        return super().span(operation, name, attributes)


def _spans() -> float:
    """Microseconds of a span as a model call opens it, attributes included."""
    began = perf_counter()
    for _ in range(SPANS):
        with span("chat", "m", {"gen_ai.request.model": "m", "gen_ai.provider.name": "p"}) as opened:
            opened.content("gen_ai.input.messages", lambda: "")
            opened.set("gen_ai.usage.input_tokens", 1)
    return 1e6 * (perf_counter() - began) / SPANS


def _nothing() -> float:
    """Microseconds of the loop around it."""
    began = perf_counter()
    for _ in range(SPANS):
        pass
    return 1e6 * (perf_counter() - began) / SPANS


async def conversations() -> dict[str, float]:
    """How much longer than the model itself 1,000 conversations of one turn take together."""
    model = ScriptedModel(["Fine."], delay=LATENCY)
    crowd = [ReActAgent(f"bot {at}", model=model) for at in range(CONVERSATIONS)]
    began = perf_counter()
    await asyncio.gather(*(agent("Hello?") for agent in crowd))
    seconds = perf_counter() - began
    return {"1,000 conversations, seconds": seconds, "1,000 conversations, times the ideal": seconds / LATENCY}


async def broadcast() -> dict[str, float]:
    """Milliseconds of a broadcast to 100 agents: best and median."""
    listeners = [ReActAgent(f"bot {at}", model=ScriptedModel()) for at in range(LISTENERS)]
    spent = []
    async with MsgHub(listeners) as hub:
        for _ in range(ROUNDS):
            began = perf_counter()
            await hub.broadcast(Msg("coordinator", "Listen."))
            spent.append(1000 * (perf_counter() - began))
    return {"broadcast to 100, best": min(spent), "broadcast to 100, median": statistics.median(spent)}


async def ours(side: str, base_url: str) -> Callable[[], Awaitable[object]]:
    """One turn of an agent that asks the server: without and with a tool."""
    model = OpenAIChatModel(side, api_key="none", stream=False, base_url=base_url)
    agent = ReActAgent("bot", "Be brief.", model, toolkit=toolkit())

    async def turn() -> object:
        agent.memory.clear()
        return await agent("And now?")

    return turn


async def best_of(turn: Callable[[], Awaitable[object]], turns: int) -> float:
    """Milliseconds of one turn: the best of several runs."""
    await turn()
    best = float("inf")
    for _ in range(5):
        began = perf_counter()
        for _ in range(turns):
            await turn()
        best = min(best, 1000 * (perf_counter() - began) / turns)
    return best


async def beside(python: Path) -> dict[str, float]:
    """The same turns here and in AgentScope, over the same server, and how they compare."""
    figures: dict[str, float] = {}
    with serving() as base_url:
        for side in SIDES:
            here = await best_of(await ours(side, base_url), TURNS)
            there = await asyncio.to_thread(_agentscope, python, side, base_url)
            here = min(here, await best_of(await ours(side, base_url), TURNS))
            figures |= {f"{side}, here": here, f"{side}, AgentScope": there, f"{side}, ratio": here / there}
        there = await asyncio.to_thread(_agentscope, python, "broadcast", base_url)
        here = (await broadcast())["broadcast to 100, best"]
        figures |= {"broadcast, here": here, "broadcast, AgentScope": there, "broadcast, ratio": here / there}
    return figures


def _agentscope(python: Path, side: str, base_url: str) -> float:
    script = Path(__file__).parent / "peers" / "agentscope_turns.py"
    done = subprocess.run([str(python), str(script), side, base_url], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"AgentScope failed: {done.stderr[-2000:]}")
    return float(json.loads(done.stdout.splitlines()[-1]))


@contextmanager
def serving() -> Iterator[str]:
    """The scripted server in a process of its own; gives its address."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.agents", "--serve"], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def serve() -> None:
    """Answer until killed: with a tool call first where the model's name asks for one."""

    def answer(request: Request) -> Reply:
        wanted = request.body["model"] == SIDES[1] and request.messages[-1]["role"] != "tool"
        return tool_call("add", a=1, b=2) if wanted else Reply("Fine.")

    with ScriptedServer([answer]) as server:
        print(server.base_url, flush=True)
        server.closing.wait()


async def measured(python: Path | None) -> dict[str, float]:
    """All figures."""
    gc.collect()
    figures = await turn_overhead() | await spans_off() | await broadcast() | await conversations()
    return figures | (await beside(python) if python else {})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--agentscope", type=Path, metavar="PYTHON", help="the interpreter of AgentScope's environment")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve()
        return
    for name, value in asyncio.run(measured(given.agentscope)).items():
        print(f"{name:<45} {value:8.3f}")


if __name__ == "__main__":
    main()
