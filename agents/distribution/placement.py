"""Where an agent is to run: what `to_dist` says, checked when the agent is constructed."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from agents.exceptions import DistributionError
from knowledge.errors import UsageError

Engine = Literal["processes", "ray"]
KEYS = ("host", "port", "resources", "engine", "idempotent")
UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?i?)b?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Resources:
    """What an agent needs: processors, bytes of memory, graphics processors, and others by name (for Ray)."""

    cpu: float = 0.0
    memory: int = 0
    gpu: float = 0.0
    others: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an agent runs: on this machine without a `host`, on any free port without a `port`.

    An `idempotent` agent may be asked again after its worker died, even when it had begun to use a tool.
    """

    host: str | None = None
    port: int | None = None
    resources: Resources = Resources()
    engine: Engine = "processes"
    idempotent: bool = False


def read_placement(to_dist: bool | Mapping[str, Any]) -> Placement:
    """The placement that `to_dist` describes; raises `UsageError` that names the key and what was expected."""
    if to_dist is True:
        return Placement()
    if not isinstance(to_dist, Mapping):
        raise UsageError(f"to_dist is {to_dist!r}:", hint=f"write True or a dict of {', '.join(KEYS)}.")
    if unknown := [str(key) for key in to_dist if key not in KEYS]:
        raise UsageError(f"to_dist has no key {unknown[0]!r}:", hint=f"write one of {', '.join(KEYS)}.")
    host, engine = to_dist.get("host"), to_dist.get("engine", "processes")
    if host is not None and (not isinstance(host, str) or not host.strip()):
        raise UsageError(f"The host of to_dist is {host!r}:", hint="write the name or address of a machine.")
    if engine not in ("processes", "ray"):
        raise UsageError(f"The engine of to_dist is {engine!r}:", hint="write processes or ray.")
    return Placement(
        host=host.strip() if host else None,
        port=read_port(to_dist.get("port")),
        resources=_resources(to_dist.get("resources") or {}),
        engine=engine,
        idempotent=bool(to_dist.get("idempotent", False)),
    )


def read_port(port: object) -> int | None:
    """A port as a number or as its digits; None and "" mean any. Raises `UsageError` for anything else."""
    if port is None or port == "":
        return None
    text = str(port).strip()
    if isinstance(port, bool) or not (text.isascii() and text.isdigit()) or not 0 < int(text) < 65536:
        raise UsageError(f"{port!r} is not a port:", hint="write a number from 1 to 65535.")
    return int(text)


def _resources(given: object) -> Resources:
    if not isinstance(given, Mapping):
        raise UsageError(f"The resources of to_dist are {given!r}:", hint='write {"cpu": 2, "memory": "4GB"}.')
    others = {str(name): _amount(name, value) for name, value in given.items() if name not in ("cpu", "memory", "gpu")}
    return Resources(
        cpu=_amount("cpu", given.get("cpu", 0)),
        memory=_bytes(given.get("memory", 0)),
        gpu=_amount("gpu", given.get("gpu", 0)),
        others=others,
    )


def _amount(name: object, value: object) -> float:
    try:
        amount = float(value)  # type: ignore[arg-type]  # what is no number is told so
    except (TypeError, ValueError):
        amount = -1.0
    if not 0 <= amount < 1e6:
        raise UsageError(f"The resource {name!r} is {value!r}:", hint="write a number, 0 or more.")
    return amount


def _bytes(value: object) -> int:
    found = SIZE.fullmatch(str(value))
    if isinstance(value, bool) or found is None:
        raise UsageError(f"The resource 'memory' is {value!r}:", hint='write bytes, or a size such as "4GB".')
    return int(float(found[1]) * UNITS[found[2].lower()])


def check_demand(wanted: Resources) -> None:
    """Raises `DistributionError` where this machine has less than an agent needs."""
    if not (wanted.cpu or wanted.memory):
        return
    import psutil  # only where an agent says what it needs

    processors, memory = os.cpu_count() or 1, psutil.virtual_memory().total
    if wanted.cpu > processors or wanted.memory > memory:
        raise DistributionError(
            f"An agent needs {wanted.cpu:g} processors and {wanted.memory / 1e9:g} GB; this machine has {processors}"
            f" and {memory / 1e9:.1f} GB:",
            hint="ask for less, or name another host.",
        )
