"""Workers that somebody started, and what may not reach any worker."""

from __future__ import annotations

import asyncio
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agents.distribution import shutdown
from agents.distribution.hosts import Machine
from agents.distribution.requests import Release
from agents.distribution.workers import workers
from agents.exceptions import DistributionError
from agents.message import Msg
from tests.agents.distribution.actors import Actor

# Constructed through this name where `to_dist` is given, which the class of classes takes and mypy does not know.
REMOTE: Any = Actor
ROOT = Path(__file__).parents[3]
TOKEN = "a token that nobody guesses"


@pytest.fixture(scope="module", autouse=True)
def workers_end() -> Iterator[None]:
    yield
    shutdown()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def standing(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "agents.worker", *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert "Refdesk worker at" in process.stdout.readline()
        try:
            yield process
        finally:
            process.terminate()
            process.wait()


async def test_a_worker_that_stands_at_the_port_serves_the_agent_and_dies_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = free_port()
    with standing("--host", "127.0.0.1", "--port", str(port)) as process:
        agent = REMOTE("a", to_dist={"host": "127.0.0.1", "port": str(port)})
        assert (await agent("pid")).text == str(process.pid)
        large = Msg("user", "size " + "y" * 300_000)
        assert (await agent(large)).text == "300000"
        assert agent.memory.get_memory()[2].text == large.text
        process.kill()
        # The port is free again: a worker of ours takes its place, and the agent has its state.
        assert (await agent("echo still")).text == "still"
    assert agent.memory.size() == 6


async def test_a_port_with_a_token_needs_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    with standing("--port", str(port), REFDESK_WORKER_TOKEN=TOKEN) as process:
        with pytest.raises(DistributionError, match=r"cannot be read|same token"):
            await REMOTE("a", to_dist={"host": "127.0.0.1", "port": port})("pid")
        monkeypatch.setenv("REFDESK_WORKER_TOKEN", "another token of some length")
        with pytest.raises(DistributionError, match="cannot be reached"):
            await REMOTE("a", to_dist={"host": "127.0.0.1", "port": port})("pid")
        monkeypatch.setenv("REFDESK_WORKER_TOKEN", TOKEN)
        agent = REMOTE("a", to_dist={"host": "127.0.0.1", "port": port})
        assert (await agent("pid")).text == str(process.pid)


def test_a_worker_beyond_this_machine_needs_a_token_that_is_no_guess() -> None:
    for environment, words in (({}, "could be reached"), ({"REFDESK_WORKER_TOKEN": "short"}, "16 random ones")):
        done = subprocess.run(
            [sys.executable, "-m", "agents.worker", "--host", "0.0.0.0", "--port", str(free_port())],
            cwd=ROOT,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 2
        assert words in done.stderr
        assert "Traceback" not in done.stderr


async def test_a_port_that_something_else_holds_is_a_clear_error_at_the_call() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        agent = REMOTE("a", to_dist={"host": "127.0.0.1", "port": other.getsockname()[1]})
        with pytest.raises(DistributionError, match="cannot listen at"):
            await agent("pid")


async def test_another_machine_needs_a_token_and_its_worker_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFDESK_HOSTS", "far.cluster=192.0.2.7:4321")
    agent = REMOTE("a", to_dist={"host": "far.cluster"})
    with pytest.raises(DistributionError, match="REFDESK_WORKER_TOKEN"):
        await agent("pid")


async def test_nothing_is_unpickled_before_the_other_side_has_proved_itself(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return os.system, (f"touch {tmp_path / 'sprung'}",)

    port = free_port()
    agent = REMOTE("a", to_dist={"port": port})
    await agent("echo begin")
    trap = pickle.dumps(Trap())
    greeting = b"refdesk-worker-1" + bytes(32)
    for attack in (trap, greeting + bytes(32) + trap, greeting + trap * 20, b"GET / HTTP/1.1\r\n\r\n", b""):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(attack)
        writer.write_eof()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await asyncio.wait_for(reader.readexactly(10_000), 20)
        writer.close()
    assert not (tmp_path / "sprung").exists()
    assert (await agent("echo unharmed")).text == "unharmed"
    assert len(workers().processes()) <= 4


async def test_more_ports_than_processes_share_them() -> None:
    ports = [free_port() for _ in range(6)]
    replies = await asyncio.gather(*[REMOTE("a", to_dist={"host": "localhost", "port": port})("pid") for port in ports])
    assert len({reply.text for reply in replies}) <= 4
    for port in ports:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()


def test_a_worker_elsewhere_is_reached_with_the_token_and_named_when_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    # No other machine is at hand: this one under an address that is taken for another's.
    elsewhere = Machine("127.0.0.1", is_here=False)

    async def reached() -> object:
        worker = workers()._connected(elsewhere, port)
        assert worker.ready is not None
        await worker.ready
        return await worker.ask(Release("nobody"))

    monkeypatch.setenv("REFDESK_WORKER_TOKEN", TOKEN)
    with pytest.raises(DistributionError, match=rf"python -m agents\.worker --host 127\.0\.0\.1 --port {port}"):
        workers().io.submit(reached()).result(30)
    with standing("--port", str(port), REFDESK_WORKER_TOKEN=TOKEN):
        assert workers().io.submit(reached()).result(30) is None
        monkeypatch.delenv("REFDESK_WORKER_TOKEN")
        assert workers().io.submit(reached()).result(30) is None  # it is connected already
