"""Agents that refdesk.yaml declares, without any Python."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.declared.roster import DeclaredAgent, Roster, load_agents
    from agents.declared.settings import AgentSettings

__all__ = ["AgentSettings", "DeclaredAgent", "Roster", "load_agents"]
HOMES = {"AgentSettings": "settings"}


def __getattr__(name: str) -> object:
    # Loaded when asked for: pydantic and models are needed once agents are declared.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"agents.declared.{HOMES.get(name, 'roster')}"), name)
