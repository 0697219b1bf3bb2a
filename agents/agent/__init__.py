"""Agents: what they all are, and the kinds there are."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.agent.agent import AgentBase, Audience
    from agents.agent.agent_class import AgentMeta
    from agents.agent.console import Console
    from agents.agent.dialog_agent import DialogAgent
    from agents.agent.handoff import hand_off, handoff_to
    from agents.agent.knowledge_agent import LlamaIndexAgent
    from agents.agent.model_agent import ModelAgent
    from agents.agent.plugged import LlamaIndexWorkflowAgent
    from agents.agent.react_agent import ReActAgent
    from agents.agent.switchboard import Switchboard
    from agents.agent.user_agent import UserAgent
    from agents.agent.user_input import CallbackInput, QueueInput, TerminalInput

HOMES = {
    "AgentBase": "agent",
    "AgentMeta": "agent_class",
    "Audience": "agent",
    "CallbackInput": "user_input",
    "Console": "console",
    "DialogAgent": "dialog_agent",
    "LlamaIndexAgent": "knowledge_agent",
    "LlamaIndexWorkflowAgent": "plugged",
    "ModelAgent": "model_agent",
    "QueueInput": "user_input",
    "ReActAgent": "react_agent",
    "Switchboard": "switchboard",
    "TerminalInput": "user_input",
    "UserAgent": "user_agent",
    "hand_off": "handoff",
    "handoff_to": "handoff",
}
__all__ = [
    "AgentBase",
    "AgentMeta",
    "Audience",
    "CallbackInput",
    "Console",
    "DialogAgent",
    "LlamaIndexAgent",
    "LlamaIndexWorkflowAgent",
    "ModelAgent",
    "QueueInput",
    "ReActAgent",
    "Switchboard",
    "TerminalInput",
    "UserAgent",
    "hand_off",
    "handoff_to",
]


def __getattr__(name: str) -> object:
    # Loaded when asked for: an agent that only talks needs no tools, and a command that quotes needs no agent.
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"agents.agent.{HOMES[name]}"), name)
