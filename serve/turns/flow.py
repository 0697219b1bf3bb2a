"""Who answers a question: the first tier, and what it passes on, by way of a router, the second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from agents.agent.agent import AgentBase
from agents.agent.dialog_agent import DialogAgent
from agents.answers.desk import ESCALATE
from agents.answers.failing import failures_of_models
from agents.declared.settings import AgentSettings
from agents.declared.tools import Workshop
from agents.memory.in_memory import InMemoryMemory
from agents.message.msg import Msg
from agents.model.chat import ChatModel
from agents.tool.toolkit import Toolkit
from knowledge.answers.grounding import UNANSWERED, without_marks
from knowledge.library import Library
from knowledge.types import Reader
from serve.config.settings import Flow, Router, Tier
from serve.store.messages import Message
from serve.turns.journal import Journal
from serve.turns.places import cited_places, closest_places
from serve.turns.quoting import OFFER
from serve.turns.reply import Asked, Reply, may_hear
from serve.turns.tier_agent import TierAgent
from serve.turns.tools import Tickets, Wishes, add_service_tools

REMEMBERED = 12
CUSTOMER = "customer"
HANDED_OVER = "I am passing this on to a colleague, who will answer here."
FIRST = "You help customers. Handle questions with what the documents say. Be friendly, brief and plain."
SECOND = (
    "You are the specialist whom difficult cases are passed on to. Work out what the customer needs from the documents"
    " and with your tools; when a person has to decide or act, call one."
)
ROUTE = (
    "You route complex cases to the right specialist. Say in two sentences, for the specialist, what the customer"
    " needs and what was tried. Promise nothing, and do not answer the customer."
)


class Answering(Protocol):
    """Answers one question of a conversation."""

    async def answer(self, asked: Asked, journal: Journal) -> Reply:
        """The answer; `journal` is told what is done, and keeps what it took."""
        ...


@dataclass(frozen=True, slots=True)
class TieredFlow:
    """The tiers of a flow, with a model each. `offers_person` says that people stand behind them."""

    flow: Flow
    library: Library
    models: Mapping[str, ChatModel]
    workshop: Workshop
    tickets: Tickets | None = None
    offers_person: bool = False

    async def answer(self, asked: Asked, journal: Journal) -> Reply:
        """The first tier's answer, unless it passes the case on."""
        first = await self._tier(self.flow.tier1, FIRST, asked, journal)
        if not first.escalates or self.flow.tier2 is None or first.state is not None:
            return self._ended(first)
        second = self.flow.tier2
        journal.progress("tier", f"Passing this on to {second.name}", agent=second.name)
        briefing = await self._briefing(self.flow.router, asked, first) if self.flow.router else first.text
        return self._ended(await self._tier(second, SECOND, asked, journal, briefing=briefing))

    def _ended(self, reply: Reply) -> Reply:
        """Nobody is left to pass the case on to but a person."""
        if reply.escalates and reply.state is None and self.offers_person:
            return replace(reply, state="waiting", reason=reply.reason or "The agent passed the case on.")
        if reply.abstained and self.offers_person and reply.state is None:
            return replace(reply, text=f"{reply.text} {OFFER}")
        return reply

    async def _tier(self, tier: Tier, prompt: str, asked: Asked, journal: Journal, *, briefing: str = "") -> Reply:
        wishes = Wishes()
        agent = TierAgent(
            tier,
            tier.prompt or prompt,
            self.models[tier.name],
            self.library,
            reader=asked.reader,
            toolkit=await self._toolkit(tier, asked, wishes),
            journal=journal,
            history=remembered(asked.history, asked.reader, tier.name),
        )
        said = [Msg(CUSTOMER, asked.question.text, "user")]
        if briefing:
            said.insert(0, Msg("router", briefing, "user"))
        return _reply(await _asked(agent, said), agent, wishes)

    async def _briefing(self, router: Router, asked: Asked, first: Reply) -> str:
        """What the second tier has to know, in the router's words."""
        agent = DialogAgent(router.name, router.prompt or ROUTE, self.models[router.name], memory=InMemoryMemory())
        agent.disable_console_output()
        said = [Msg(CUSTOMER, asked.question.text, "user"), Msg(first.author, first.text, "user")]
        return (await _asked(agent, said)).text

    async def _toolkit(self, tier: Tier, asked: Asked, wishes: Wishes) -> Toolkit:
        toolkit = await self.workshop.toolkit(AgentSettings(tool_servers=tier.tool_servers))
        add_service_tools(toolkit, tier, asked.conversation.id, self.tickets, wishes)
        return toolkit


async def _asked(agent: AgentBase, said: list[Msg]) -> Msg:
    """What the agent replies; a failure of its model is told as the model's own."""
    with failures_of_models():
        reply: Msg = await agent(said)
        return reply


def remembered(history: Sequence[Message], reader: Reader, name: str) -> list[Msg]:
    """The last messages for the agent `name`, without what its reader may not read and without marks."""
    heard = [one for one in history if may_hear(one, reader) and one.status in ("complete", "stopped") and one.text]
    return [_as_msg(one, name) for one in heard[-REMEMBERED:]]


def _as_msg(message: Message, name: str) -> Msg:
    if message.role == "user":
        return Msg(CUSTOMER, message.text, "user")
    metadata: dict[str, Any] = {"access": [list(roles) for roles in message.access]} if message.access else {}
    if message.understood:
        metadata["understood"] = message.understood
    return Msg(name, without_marks(message.text), "assistant", metadata)


def _reply(said: Msg, agent: TierAgent, wishes: Wishes) -> Reply:
    """What the agent said, as it is kept."""
    grounded, desk, facts = agent.grounded, agent.desk, said.metadata
    text = ESCALATE.sub("", grounded.text if grounded else said.text).strip()
    escalates = bool(facts.get("escalate")) or wishes.person
    abstained = bool(facts.get("abstained")) and not escalates
    passages = desk.evidence.passages if desk else ()
    return Reply(
        text or (HANDED_OVER if escalates else UNANSWERED),
        agent.name,
        citations=cited_places(grounded.sentences if grounded else ()),
        closest=closest_places(passages) if abstained else (),
        abstained=abstained,
        confidence=facts.get("confidence"),
        understood=str(facts.get("understood", "")),
        model=agent.model.model_name,
        host=agent.model.host,
        access=tuple(tuple(roles) for roles in facts.get("access", ())),
        escalates=escalates,
        state="waiting" if wishes.person else None,
        reason=wishes.reason,
    )
