"""A declared agent as one who answers a question of a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.agent.knowledge_reply import with_files
from agents.agent.model_agent import ModelAgent
from agents.answers.failing import failures_of_models
from agents.declared.roster import Roster
from agents.memory.in_memory import InMemoryMemory
from agents.message.msg import Msg
from agents.model.chat import ChatModel
from agents.model.sampling import Sampling, sampled
from knowledge.types import Citation
from serve.turns.flow import CUSTOMER, remembered
from serve.turns.journal import Journal
from serve.turns.places import as_place
from serve.turns.reply import Asked, Reply


@dataclass(frozen=True, slots=True)
class AgentAnswering:
    """The agent `name`, made anew for each question and told what was said before, and `instructions`;
    its model is asked as `sampling` says."""

    roster: Roster
    name: str
    instructions: str = ""
    sampling: Sampling = field(default_factory=Sampling)

    async def answer(self, asked: Asked, journal: Journal) -> Reply:
        """The agent's reply, with its citations where it answers from banks."""
        memory = InMemoryMemory()
        memory.add(remembered(asked.history, asked.reader, self.name))
        journal.progress("writing", f"{self.name} is writing", agent=self.name)
        agent = await self.roster.open(self.name, reader=asked.reader, memory=memory)
        agent.disable_console_output()
        model = agent.model if isinstance(agent, ModelAgent) and agent.model.provider != "extractive" else None
        if isinstance(agent, ModelAgent) and model is not None:
            agent.model = model = sampled(model, self.sampling)
        told = [Msg("system", self.instructions, "system")] if self.instructions else []
        with failures_of_models():
            said: Msg = await agent([*told, Msg(CUSTOMER, asked.question.text, "user")])
        return as_reply(said, model)


def as_reply(said: Msg, model: ChatModel | None = None) -> Reply:
    """What an agent said: its text without the list of files below it, which the citations say better."""
    facts = said.metadata
    citations = [_citation(one) for one in facts.get("citations", ())]
    return Reply(
        said.text.removesuffix(with_files("", citations)).strip(),
        said.name,
        citations=tuple(as_place(citation, number) for number, citation in enumerate(citations, 1)),
        abstained=bool(facts.get("abstained")),
        confidence=facts.get("confidence"),
        understood=str(facts.get("understood", "")),
        model=model.model_name if model else None,
        host=model.host if model else None,
        access=tuple(tuple(roles) for roles in facts.get("access", ())),
        escalates=bool(facts.get("escalate")),
    )


def _citation(given: Mapping[str, Any]) -> Citation:
    names = Citation.__dataclass_fields__
    return Citation(**{name: given[name] for name in names} | {"headings": tuple(given["headings"])})
