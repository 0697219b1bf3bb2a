"""Agents of whom one has the conversation at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agents.agent.agent import AgentBase, Input
from agents.agent.handoff import HANDOFF
from agents.message.msg import Msg
from knowledge.errors import UsageError

if TYPE_CHECKING:
    from pydantic import BaseModel


class Switchboard:
    """What is said goes to the agent that has the conversation, at first the first one, until it passes it on.

    Agents pass it on with `handoff_to`, or the `handoffs` of a `ReActAgent`. `current` may be assigned. Can be a step
    of a pipeline. Raises `UsageError` for no agents, and for two of one name.
    """

    def __init__(self, agents: Sequence[AgentBase]) -> None:
        self._agents = {agent.name: agent for agent in agents}
        if not agents or len(self._agents) < len(agents):
            raise UsageError("A switchboard connects agents of different names:", hint="give one or more.")
        self.current = agents[0]

    async def __call__(self, msg: Input = None, structured_model: type[BaseModel] | None = None) -> Msg:
        """The reply of the agent that has the conversation, or of the one that it was passed on to."""
        reply = await self.current(msg, structured_model)
        passed_on = reply.metadata.get(HANDOFF, {})
        if passed_on.get("from") is not None:
            self.current = self._agents.get(str(passed_on.get("to")), self.current)
        return reply
