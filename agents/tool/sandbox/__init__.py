"""Runs code that nobody vouches for: in a process of its own, within limits, with no network and no secrets."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.tool.sandbox.limits import SandboxLimits
    from agents.tool.sandbox.result import SandboxResult
    from agents.tool.sandbox.sandbox import Sandbox

__all__ = ["Sandbox", "SandboxLimits", "SandboxResult"]
HOMES = {"Sandbox": "sandbox", "SandboxLimits": "limits", "SandboxResult": "result"}


def __getattr__(name: str) -> object:
    # Loaded when asked for: the launcher runs in this package, in a process that should start at once.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"agents.tool.sandbox.{HOMES[name]}"), name)
