"""Who answers a program: the service itself, one of its banks alone, or an agent that refdesk.yaml declares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from agents.declared.roster import Roster, load_agents
from agents.model.chat import ChatModel
from agents.model.sampling import Sampling, sampled
from knowledge.errors import BankNotFound
from knowledge.library import Library
from knowledge.terminal.shell import Shell
from serve.asking.agent_answering import AgentAnswering
from serve.config.settings import ServerSettings, Tier
from serve.turns.flow import FIRST, SECOND, Answering, TieredFlow
from serve.turns.opening import open_answering
from serve.turns.quoting import Quoter

SERVICE = "refdesk"
AS_CONFIGURED = Sampling()
Kind = Literal["service", "bank", "agent"]


@dataclass(frozen=True, slots=True)
class Answerer:
    """Somebody who can be asked, under a name."""

    name: str
    kind: Kind
    title: str = ""
    description: str = ""


class Answerers:
    """Everybody whom a program may ask. No person stands behind an answer to a program, so none is offered."""

    def __init__(
        self, shell: Shell, settings: ServerSettings, library: Library, *, model: ChatModel | None = None
    ) -> None:
        self._library = library
        self._settings = unattended(settings)
        self._base = open_answering(shell, self._settings, library, model=model)
        roster: Roster = load_agents(shell, library, llm=model.llm if model else None)
        self._roster = roster if settings.banks is None else roster.within(settings.banks)

    @property
    def banks(self) -> tuple[str, ...]:
        """The banks that are served."""
        served = self._settings.banks
        return tuple(name for name in self._library.names() if served is None or name in served)

    def all(self) -> list[Answerer]:
        """The service, its agents, its banks; of two with one name the first."""
        banks = [self._bank(name) for name in self.banks]
        agents = [Answerer(name, "agent", name, one.description) for name, one in self._roster.agents.items()]
        service = Answerer(SERVICE, "service", self._settings.title, self._settings.tagline)
        return list({one.name: one for one in reversed([service, *agents, *banks])}.values())[::-1]

    def find(self, name: str) -> Answerer | None:
        """Whoever has that name."""
        return next((one for one in self.all() if one.name == name), None)

    def answering(self, answerer: Answerer, *, instructions: str = "", sampling: Sampling = AS_CONFIGURED) -> Answering:
        """Who answers for them. A language model heeds the rest; where there is none, there is nobody to."""
        if answerer.kind == "agent":
            return AgentAnswering(self._roster, answerer.name, instructions, sampling)
        by = self.over([answerer.name] if answerer.kind == "bank" else None, instructions=instructions)
        if isinstance(by, TieredFlow):
            return replace(by, models={name: sampled(model, sampling) for name, model in by.models.items()})
        return by

    def over(self, banks: Sequence[str] | None, *, instructions: str = "") -> Answering:
        """The service, over these banks only where they are named. Raises `BankNotFound` for one that is not served."""
        if unserved := [name for name in banks or () if name not in self.banks]:
            raise BankNotFound(f"There is no bank {unserved[0]!r}.", hint="`GET /api/banks` lists all.")
        if isinstance(self._base, TieredFlow):
            return self._tiered(self._base, banks, instructions)
        named = banks or self._settings.flow.tier1.banks or self._settings.banks
        name, confidence = self._settings.flow.tier1.name, self._settings.flow.confidence
        return Quoter(self._library, name=name, banks=named, confidence=confidence)

    def _tiered(self, base: TieredFlow, banks: Sequence[str] | None, instructions: str) -> TieredFlow:
        changed = {
            name: _narrowed(tier, default, banks, instructions)
            for name, tier, default in (("tier1", base.flow.tier1, FIRST), ("tier2", base.flow.tier2, SECOND))
            if tier is not None
        }
        return replace(base, flow=base.flow.model_copy(update=changed))

    def _bank(self, name: str) -> Answerer:
        card = self._library.bank(name).card()
        return Answerer(name, "bank", card.title or name, card.description)


def unattended(settings: ServerSettings) -> ServerSettings:
    """The settings of a service behind which nobody sits: no tool calls a person or opens a ticket for them."""
    flow = settings.flow
    tiers = {name: getattr(flow, name) for name in ("tier1", "tier2")}
    alone = {name: tier.model_copy(update={"tools": []}) for name, tier in tiers.items() if tier is not None}
    features = settings.features.model_copy(update={"handover": False})
    return settings.model_copy(update={"features": features, "flow": flow.model_copy(update=alone)})


def _narrowed(tier: Tier, default: str, banks: Sequence[str] | None, instructions: str) -> Tier:
    update: dict[str, object] = {}
    if banks:
        update["banks"] = list(banks)
    if instructions:
        update["prompt"] = f"{tier.prompt or default}\n\n{instructions}"
    return tier.model_copy(update=update)
