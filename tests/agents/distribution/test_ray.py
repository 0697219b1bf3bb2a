"""The same agents on Ray, in a process of their own, since Ray takes over the process that starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[3]
PROGRAM = """
import asyncio, os, signal
from agents.distribution import shutdown
from agents.exceptions import DistributionError
from agents.message import Msg
from tests.agents.distribution.actors import Actor

async def main():
    agent = Actor("own", to_dist={"engine": "ray", "resources": {"cpu": 1, "memory": "50MB"}})
    shared = [Actor(f"shared{at}", to_dist={"engine": "ray"}) for at in range(8)]
    own, *others = await asyncio.gather(agent("pid"), *[one(f"pid {one.name}") for one in shared])
    assert own.text not in {other.text for other in others} | {str(os.getpid())}
    assert len({other.text for other in others}) <= 4
    assert [other.name for other in others] == [f"shared{at}" for at in range(8)]
    os.kill(int(own.text), signal.SIGKILL)
    await agent.observe(Msg("ada", "heard"))
    assert (await agent("echo still")).text == "still"
    assert [msg.text for msg in agent.memory.get_memory()] == ["pid", own.text, "heard", "echo still", "still"]
    try:
        await Actor("huge", to_dist={"engine": "ray", "resources": {"cpu": 10_000}})("pid")
    except DistributionError as error:
        print(error)

asyncio.run(main())
shutdown()
"""


@pytest.mark.skipif(
    find_spec("ray") is None and "CI" not in os.environ,
    reason="Ray is not installed: pip install refdesk[distribute]",
)
def test_agents_on_ray_are_the_same_agents() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "No machine of the Ray cluster has CPU 10000" in done.stdout
