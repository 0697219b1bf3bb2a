"""Ray as the engine: it finds the machine with the resources and keeps a worker there; agents are reached as ever.

An actor of Ray listens as every worker does, with a secret that it was given through Ray. So cancelling, budgets,
state and large contents are the same as with workers of our own.
"""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.distribution.blobs import BlobStore
from agents.distribution.hosts import Machine
from agents.distribution.placement import Resources
from agents.distribution.service import WorkerService
from agents.exceptions import DistributionError, IntegrationMissing
from knowledge.settings import TELEMETRY_OFF, adopt_environment, whole_environment

START_SECONDS = 120.0
LEAVING_SECONDS = 3.0
SHARED = 4
# What asks for no resources shares actors of a tenth of a processor each.
SMALL = 0.1


@dataclass(slots=True)
class RayWorker:
    """An actor of Ray, where it listens, and the secret that it was given."""

    actor: Any
    address: str
    port: int
    secret: bytes


class RayEngine:
    """Starts actors. Raises `IntegrationMissing` without Ray, `DistributionError` where nothing has the resources."""

    def __init__(self) -> None:
        try:
            import ray  # the extra `distribute`
        except ImportError as error:
            raise IntegrationMissing("Ray is not installed:", hint="run `pip install refdesk[distribute]`.") from error
        self._ray: Any = ray  # half of it has types
        self._began = False
        self._joining = threading.Lock()
        self._actors: list[Any] = []

    def start(self, machine: Machine | None, wanted: Resources) -> RayWorker:
        """An actor with these resources, on that machine where one is named; waits until it listens."""
        with self._joining:
            self._join_cluster()
        needed: dict[str, Any] = {"num_cpus": wanted.cpu or SMALL, "resources": dict(wanted.others)}
        if wanted.memory:
            needed["memory"] = wanted.memory
        if wanted.gpu:
            needed["num_gpus"] = wanted.gpu
        if machine is not None and not machine.is_here:
            needed["resources"][f"node:{machine.address}"] = 0.001
        self._check(needed)
        secret = os.urandom(32)
        actor = self._ray.remote(ListeningActor).options(**needed).remote(secret, self._node())
        try:
            address, port = self._ray.get(actor.listen.remote(), timeout=START_SECONDS)
        except (self._ray.exceptions.RayError, TimeoutError) as error:
            self._ray.kill(actor)
            raise DistributionError(f"Ray did not start a worker: {str(error).splitlines()[0]}.") from error
        self._actors.append(actor)
        return RayWorker(actor, address, port, secret)

    def close(self) -> None:
        """End the actors that were started, and Ray where it was started for them."""
        if self._ray.is_initialized():
            leaving = [actor.leave.remote() for actor in self._actors]
            if leaving:
                self._ray.wait(leaving, num_returns=len(leaving), timeout=LEAVING_SECONDS)
            for actor in self._actors:
                self._ray.kill(actor)
            if self._began:
                self._ray.shutdown()

    def _join_cluster(self) -> None:
        if not self._ray.is_initialized():
            adopt_environment({**whole_environment(), **TELEMETRY_OFF})
            self._ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
            self._began = True

    def _check(self, needed: dict[str, Any]) -> None:
        """Say at once what no machine of the cluster will ever have; Ray itself would wait for it."""
        have = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        asked = {"CPU": needed["num_cpus"], "memory": needed.get("memory", 0), "GPU": needed.get("num_gpus", 0)}
        asked |= needed["resources"]
        if not any(all(node.get(name, 0) >= amount for name, amount in asked.items()) for node in have):
            wanted = ", ".join(f"{name} {amount:g}" for name, amount in asked.items() if amount)
            raise DistributionError(f"No machine of the Ray cluster has {wanted}:", hint="ask for less, or add one.")

    def _node(self) -> str:
        return str(self._ray.get_runtime_context().get_node_id())


class ListeningActor:
    """What runs in Ray: a worker service with an event loop of its own for agents."""

    def __init__(self, secret: bytes, callers_node: str) -> None:
        import ray

        engine: Any = ray
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._folder = tempfile.TemporaryDirectory(prefix="refdesk-ray-")
        self._service = WorkerService(secret, BlobStore(Path(self._folder.name)), self._loop, shares=False)
        here = engine.get_runtime_context().get_node_id() == callers_node
        self._address = "127.0.0.1" if here else engine.util.get_node_ip_address()

    def listen(self) -> tuple[str, int]:
        """Begin; gives where."""
        return self._address, self._service.listen(self._address, 0)

    def leave(self) -> None:
        """Leave nothing behind."""
        self._folder.cleanup()
