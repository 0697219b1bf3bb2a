"""Fakes that ship: a scripted model, in this process or behind an OpenAI-compatible server, for users' own tests."""

from agents.testing.model import ModelStep, ScriptedModel, ScriptedRequest, json_reply
from agents.testing.script import Reply, ToolCall, failure, tool_call, tool_calls
from agents.testing.server import Request, ScriptedServer, Step

__all__ = [
    "ModelStep",
    "Reply",
    "Request",
    "ScriptedModel",
    "ScriptedRequest",
    "ScriptedServer",
    "Step",
    "ToolCall",
    "failure",
    "json_reply",
    "tool_call",
    "tool_calls",
]
