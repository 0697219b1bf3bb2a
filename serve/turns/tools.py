"""What the service itself lets an agent do: open a ticket, and call a person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from agents.tool.toolkit import Toolkit
from serve.config.settings import Tier

TICKET, PERSON = "create_support_ticket", "escalate_to_human"


class Tickets(Protocol):
    """Opens tickets for the people behind the service."""

    async def open(self, conversation: str, summary: str) -> str:
        """A ticket about the conversation; gives its number as people write it."""
        ...


@dataclass(slots=True)
class Wishes:
    """What the tools of one turn asked for: a person, and why."""

    person: bool = False
    reason: str = ""
    tickets: list[str] = field(default_factory=list)


def add_service_tools(toolkit: Toolkit, tier: Tier, conversation: str, tickets: Tickets | None, wishes: Wishes) -> None:
    """Let the agent of `tier` use those of the service's own tools that the tier names."""
    tools: dict[str, Callable[..., Awaitable[str]]] = {PERSON: _person(wishes)}
    if tickets is not None:
        tools[TICKET] = _ticket(conversation, tickets, wishes)
    for name in tier.tools:
        if name in tools:
            toolkit.register_tool_function(tools[name])


def _ticket(conversation: str, tickets: Tickets, wishes: Wishes) -> Callable[[str], Awaitable[str]]:
    async def create_support_ticket(summary: str) -> str:
        """Open a ticket for the people behind this service, who work on it later.

        Args:
            summary: What the customer needs, with everything that is known about it.
        """
        number = await tickets.open(conversation, summary)
        wishes.tickets.append(number)
        return f"Ticket {number} is open: {summary}"

    return create_support_ticket


def _person(wishes: Wishes) -> Callable[[str], Awaitable[str]]:
    async def escalate_to_human(reason: str) -> str:
        """Let a person take this conversation over, now. They read everything that was said.

        Args:
            reason: Why a person has to, in one sentence.
        """
        wishes.person, wishes.reason = True, reason
        return "A person was called and takes over. Tell the customer so."

    return escalate_to_human
