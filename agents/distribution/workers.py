"""The workers that this process uses: at most four on this machine, started when first needed and shared by agents."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.distribution.blobs import BlobStore
from agents.distribution.engines import Engine, Worker
from agents.distribution.hosts import Machine, find_machine, read_hosts
from agents.distribution.io_thread import IoThread
from agents.distribution.launching import WorkerProcess
from agents.distribution.peer import Peer
from agents.distribution.placement import Placement, Resources, check_demand
from agents.distribution.requests import Listen
from agents.distribution.secrets import loopback_secret, token_secret
from agents.distribution.wire import ConnectionLost, join
from agents.exceptions import DistributionError
from knowledge.settings import process_environment

if TYPE_CHECKING:
    from agents.distribution.ray_engine import RayEngine

MOST_PER_HOST = 4
DEFAULT_PORT = 7331
CONNECT_SECONDS = 10.0
DISMISSAL_SECONDS = 3.0


class Workers:
    """All workers that this process uses. Everything but `close` and `hire` runs in the loop of `io`."""

    def __init__(self) -> None:
        self.io = IoThread("refdesk-distribution")
        self._folder = tempfile.TemporaryDirectory(prefix="refdesk-")
        self.store = BlobStore(Path(self._folder.name))
        self.meters: dict[int, Callable[[Any], Any]] = {}
        self._here: list[Worker] = []
        self._elsewhere: dict[tuple[str, int], Worker] = {}
        self._in_ray: list[Worker] = []
        self._ray: RayEngine | None = None
        self._reading: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    def processes(self) -> list[int]:
        """The numbers of the worker processes that run on this machine for this one."""
        return [worker.process.pid for worker in self._here if worker.process is not None and not worker.is_lost]

    async def place(self, placement: Placement, hosts: Mapping[str, str]) -> Worker:
        """The worker where an agent of this placement goes; raises `DistributionError` that says what to do.

        `hosts` says where names are, before the environment and the resolver do.
        """
        # Looked through in order: what was configured in code comes before the environment.
        known = {**hosts, **read_hosts(process_environment().hosts), **hosts}
        machine = await find_machine(placement.host, known)
        port = placement.port or machine.port
        if machine.is_here and placement.engine == "processes":
            check_demand(placement.resources)
        async with self._turn:
            if placement.engine == "ray":
                worker = self._from_ray(machine if placement.host else None, placement.resources)
            else:
                worker = await self._chosen(machine, port)
            worker.agents += 1
            worker.reserved += placement.resources.cpu
        assert worker.ready is not None
        await asyncio.shield(worker.ready)
        return worker

    def leave(self, worker: Engine, placement: Placement, goodbye: object) -> None:
        """An agent leaves a worker, which is told so; may be called from any thread."""

        def go() -> None:
            if isinstance(worker, Worker):
                worker.agents -= 1
                worker.reserved -= placement.resources.cpu
            telling = self.io.loop.create_task(self._say(worker, goodbye))
            self._reading.add(telling)
            telling.add_done_callback(self._reading.discard)

        with contextlib.suppress(RuntimeError):  # the loop has ended, and the worker with it
            self.io.loop.call_soon_threadsafe(go)

    async def _say(self, worker: Engine, goodbye: object) -> None:
        with contextlib.suppress(ConnectionLost):
            await worker.ask(goodbye)

    async def _chosen(self, machine: Machine, port: int | None) -> Worker:
        if not machine.is_here:
            return self._connected(machine, port or DEFAULT_PORT)
        for worker in [worker for worker in self._here if worker.is_lost]:
            self._here.remove(worker)
            _end(worker)
        if port is not None:
            return await self._at_port(port)
        idle = not self._here or min(worker.agents for worker in self._here) > 0
        if idle and len(self._here) < min(MOST_PER_HOST, max(2, os.cpu_count() or 1)):
            return self._started(None)
        return self._least_loaded()

    def _least_loaded(self) -> Worker:
        return min(self._here, key=lambda worker: (worker.reserved, worker.agents))

    async def _at_port(self, port: int) -> Worker:
        if found := next((worker for worker in self._here if port in worker.ports), None):
            return found
        if len(self._here) < MOST_PER_HOST:
            return self._started(port)
        # All processes there may be are running: one of them is reached at this port, too.
        worker = self._least_loaded()
        assert worker.ready is not None
        await worker.ready
        await worker.ask(Listen(port))
        worker.ports.add(port)
        return worker

    def _started(self, port: int | None) -> Worker:
        worker = Worker(f"the worker at port {port}" if port else "a worker on this machine", is_here=True)
        worker.ports = {port} if port else set()
        worker.ready = asyncio.get_running_loop().create_task(self._start(worker, port))
        self._here.append(worker)
        return worker

    async def _start(self, worker: Worker, port: int | None) -> None:
        secret = os.urandom(32)
        try:
            worker.process = await asyncio.to_thread(WorkerProcess, secret=secret, folder=self.store.folder, port=port)
            reached = await asyncio.to_thread(worker.process.port)
        except DistributionError as error:
            worker.process = None
            if port is None:
                raise
            await self._join_stranger(worker, port, error)
            return
        except OSError as error:
            raise DistributionError(f"A worker process cannot be started: {error.strerror}.") from error
        worker.name = f"worker {worker.process.pid}"
        await self._join(worker, "127.0.0.1", reached, secret, shares=True)

    async def _join_stranger(self, worker: Worker, port: int, taken: DistributionError) -> None:
        """Something holds the port already; a worker that this user started there will do."""
        token = process_environment().worker_token
        try:
            secret = token_secret(token) if token else loopback_secret(port)
            await self._join(worker, "127.0.0.1", port, secret, shares=False)
        except DistributionError as error:
            raise DistributionError(f"{taken.message} {error.message}", hint="Name another port.") from taken

    def _connected(self, machine: Machine, port: int) -> Worker:
        key = (machine.address, port)
        worker = self._elsewhere.get(key)
        if worker is None or worker.is_lost:
            worker = self._elsewhere[key] = Worker(f"the worker at {machine.address}:{port}", is_here=False)
            worker.ready = asyncio.get_running_loop().create_task(self._reach(worker, machine.address, port))
        return worker

    async def _reach(self, worker: Worker, address: str, port: int) -> None:
        token = process_environment().worker_token
        if not token:
            raise DistributionError(
                f"{address} is another machine, and no token is set:",
                hint="set REFDESK_WORKER_TOKEN to the same secret here and there.",
            )
        await self._join(worker, address, port, token_secret(token), shares=False)

    def _from_ray(self, machine: Machine | None, wanted: Resources) -> Worker:
        """An actor of Ray: one of its own for an agent that asks for resources, else one of a few that are shared."""
        from agents.distribution.ray_engine import SHARED

        self._in_ray = [worker for worker in self._in_ray if not worker.is_lost]
        shared = wanted == Resources() and machine is None
        if shared and len(self._in_ray) >= SHARED:
            return min(self._in_ray, key=lambda worker: worker.agents)
        worker = Worker("a worker of Ray", is_here=False)
        worker.ready = asyncio.get_running_loop().create_task(self._start_in_ray(worker, machine, wanted))
        if shared:
            self._in_ray.append(worker)
        return worker

    async def _start_in_ray(self, worker: Worker, machine: Machine | None, wanted: Resources) -> None:
        from agents.distribution.ray_engine import RayEngine

        if self._ray is None:
            self._ray = RayEngine()
        started = await asyncio.to_thread(self._ray.start, machine, wanted)
        await self._join(worker, started.address, started.port, started.secret, shares=False)

    async def _join(self, worker: Worker, address: str, port: int, secret: bytes, *, shares: bool) -> None:
        writer: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(address, port)
            connection = await join(reader, writer, secret)
        except (OSError, TimeoutError, ConnectionLost) as error:
            if writer is not None:
                writer.close()
            raise DistributionError(
                f"The worker at {address}:{port} cannot be reached: {error or 'no answer'}.",
                hint=f"Start `python -m agents.worker --host {address} --port {port}` there, with the same token.",
            ) from error
        worker.peer = Peer(connection, self, self.store, name=worker.name, shares=shares)
        reading = asyncio.get_running_loop().create_task(worker.peer.run())
        self._reading.add(reading)
        reading.add_done_callback(self._reading.discard)

    async def answer(self, number: int, value: Any) -> Any:
        """What a worker asks those who count for one of its requests."""
        meter = self.meters.get(value.meter)
        return meter(value) if meter is not None else None

    def close(self) -> None:
        """End every worker process, and every connection."""
        processes = [worker.process for worker in self._here if worker.process is not None]
        for process in processes:
            process.dismiss()
        self.io.stop()
        until = time.monotonic() + DISMISSAL_SECONDS
        for process in processes:
            process.end(patience=max(0.0, until - time.monotonic()))
        if self._ray is not None:
            self._ray.close()
        with contextlib.suppress(OSError):
            self._folder.cleanup()


class _Process:
    """The workers of this process; after a fork the child has none."""

    workers: Workers | None = None
    pid: int = 0
    lock = threading.Lock()


def workers() -> Workers:
    """The workers of this process."""
    if _Process.pid != os.getpid():
        _Process.workers, _Process.pid, _Process.lock = None, os.getpid(), threading.Lock()
    with _Process.lock:
        if _Process.workers is None:
            _Process.workers = Workers()
            atexit.register(shutdown)
        return _Process.workers


def shutdown() -> None:
    """End all workers of this process; agents that are called later get new ones, with the state they had."""
    if _Process.workers is not None and _Process.pid == os.getpid():
        closing, _Process.workers = _Process.workers, None
        closing.close()


def _end(worker: Worker) -> None:
    if worker.process is not None:
        worker.process.end()
