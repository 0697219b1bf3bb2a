"""The agent layer: messages, models, memory, tools, agents, hubs and pipelines over banks."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.agent import AgentBase, DialogAgent, LlamaIndexAgent, ReActAgent, UserAgent
    from agents.message import Msg
    from agents.runtime import init

__all__ = [
    "AgentBase",
    "DialogAgent",
    "LlamaIndexAgent",
    "Msg",
    "ReActAgent",
    "UserAgent",
    "init",
]
HOMES = {"Msg": "message", "init": "runtime"}


def __getattr__(name: str) -> object:
    # Loaded when asked for: every module of this layer runs this file first, and a command that quotes needs none.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"agents.{HOMES.get(name, 'agent')}"), name)
