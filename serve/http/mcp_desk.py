"""The tools of the Model Context Protocol for one caller: what they ask waits for its turn, and is kept, as all is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.answers.scope import Scope
from agents.exceptions import ToolError
from agents.mcp.desk import Desk, document_uri
from agents.mcp.served_agents import LONGEST_MESSAGE, agent_tool_name
from agents.tool.response import ToolResponse
from agents.tool.toolkit import Toolkit
from serve.asking.answerers import Answerer
from serve.asking.once import Once, asked_in, asked_once
from serve.http.answer_shapes import answer_shape
from serve.security.identity import Caller
from serve.service import Service
from serve.sources.showing import shown_uri
from serve.store.messages import CitedPlace
from serve.turns.flow import Answering
from serve.turns.reply import Asked, Reply

TOLD_OF_AGENTS = ("citations", "abstained", "escalate", "confidence")


@dataclass(frozen=True, slots=True)
class CallersDesk(Desk):
    """The desk of somebody who calls a service; `ask` answers as the service does everywhere."""

    service: Service = field(kw_only=True)
    caller: Caller = field(kw_only=True)

    def toolkit(self) -> Toolkit:
        """The three tools, and one for each agent."""
        toolkit = Desk.toolkit(self)
        for one in self.service.answerers.all():
            if one.kind == "agent":
                toolkit.register_tool_function(
                    _AgentTool(self, one).ask,
                    func_name=agent_tool_name(one.name),
                    func_description=one.description or f"Ask the agent {one.name}.",
                )
        return toolkit

    async def ask(self, question: str, bank: str | None = None) -> ToolResponse:  # type: ignore[override]  # awaited
        """Answer a question from the documents with citations, or say that they do not answer it.

        Args:
            question: The question.
            bank: Answer from this bank only; leave it out to answer from where it fits.
        """
        if not question.strip():
            raise ToolError("Nothing was asked:", hint="give a question.")
        self.service.guard.check_question(question)
        if bank is not None:
            self.banks(bank)
        by = await asyncio.to_thread(self.service.answerers.over, None if bank is None else [bank])
        reply, value = await self.answered(by, asked_once(question, (), self.caller, "mcp"))
        return ToolResponse(_told(reply, self._cited(reply.citations)), value={"question": question, **value})

    async def answered(self, by: Answering, asked: Asked, *, begins: bool = True) -> tuple[Reply, dict[str, Any]]:
        """The reply, and the same as JSON, in which documents have the addresses that `open_document` takes."""
        root = self.service.shell.root
        async with Once(self.service.reception, by, asked, begins=begins) as once:
            reply = await once.reply()
            value = answer_shape(reply, once.taken, once.kept, root).model_dump(mode="json")
        for place in (*value["citations"], *value["closest"]):
            place["document"] = document_uri(place["bank"], place["document"])
        return reply, value

    def _cited(self, places: Sequence[CitedPlace]) -> list[str]:
        return [f"[{place.number}] {self._where(place)}: “{place.quote}”" for place in places]

    def _where(self, place: CitedPlace) -> str:
        page = f", page {place.page}" if place.page is not None else ""
        return f"{document_uri(place.bank, place.document_id)} {place.title}{page} ({self.shown(place.uri)})"


@dataclass(frozen=True, slots=True)
class _AgentTool:
    """The tool of one agent, whose conversations are kept by the service."""

    desk: CallersDesk
    agent: Answerer

    async def ask(self, message: str, conversation: str | None = None) -> ToolResponse:
        """Ask an agent.

        Args:
            message: What to say to it.
            conversation: To go on with a conversation, what the answer before gave; leave it out to begin one.
        """
        if not message.strip():
            raise ToolError("Nothing was asked:", hint="give a message.")
        if len(message) > LONGEST_MESSAGE:
            raise ToolError(f"The message has {len(message):,} characters:", hint=f"send up to {LONGEST_MESSAGE:,}.")
        by = self.desk.service.answerers.answering(self.agent)
        asked = await asyncio.to_thread(self._asked, message, conversation)
        reply, value = await self.desk.answered(by, asked, begins=conversation is None)
        kept = value["conversation"]
        facts = {name: value[name] for name in TOLD_OF_AGENTS}
        told = {"agent": self.agent.name, "text": reply.text, "conversation": kept, **facts}
        return ToolResponse(f"{reply.text}\n\n[conversation: {kept}]", value=told)

    def _asked(self, message: str, id: str | None) -> Asked:
        caller, store = self.desk.caller, self.desk.service.store
        if not id:
            return asked_once(message, (), caller, "mcp")
        known = store.conversations.find(id)
        if known is None or (known.owner, known.channel) != (caller.id, "mcp"):
            raise ToolError("There is no such conversation, or no longer:", hint="leave it out to begin one.")
        history = store.messages.of(id)
        if len(history) >= self.desk.service.settings.limits.messages:
            raise ToolError("This conversation is long enough:", hint="leave it out to begin a new one.")
        return asked_in(known, history, message, caller)


def desk_of(service: Service, caller: Caller) -> CallersDesk:
    """The desk of somebody who calls."""

    def shown(uri: str) -> str:
        return shown_uri(uri, service.shell.root)

    scope = Scope(caller.reader, service.settings.banks)
    return CallersDesk(service.library, scope, shown=shown, service=service, caller=caller)


def _told(reply: Reply, cited: Sequence[str]) -> str:
    """The answer with its citations, each with the address that opens the document."""
    by = [f"Answered by {reply.model} at {reply.host}."] if reply.model else []
    return "\n".join([reply.text, *cited, *by])
