"""Agents that run elsewhere: in worker processes of this machine, on other machines, or on Ray."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.distribution.proxy import RemoteAgent, remote_agent
    from agents.distribution.remote_call import RemoteCall
    from agents.distribution.workers import shutdown

__all__ = ["RemoteAgent", "RemoteCall", "remote_agent", "shutdown"]
HOMES = {
    "RemoteAgent": "proxy",
    "RemoteCall": "remote_call",
    "remote_agent": "proxy",
    "shutdown": "workers",
}


def __getattr__(name: str) -> object:
    # Loaded when asked for: a worker needs no proxies, and an agent that runs here none of it.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"agents.distribution.{HOMES[name]}"), name)
