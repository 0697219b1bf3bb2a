"""The agents that refdesk.yaml declares, ready to be opened: one for each conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from agents.declared.settings import EVERY_BANK, SECTION, AgentSettings, read_agents
from agents.declared.tools import Workshop
from agents.model.registry import ModelRegistry
from agents.model.resolve import as_model
from knowledge.config_sections import place
from knowledge.errors import ConfigError, UsageError
from knowledge.types import ANYONE, Reader

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

    from agents.agent.agent import AgentBase
    from agents.memory.memory import MemoryBase
    from agents.model.chat import ChatModel
    from knowledge.bank import KnowledgeBank
    from knowledge.library import Library
    from knowledge.terminal.shell import Shell


@dataclass(frozen=True, slots=True)
class DeclaredAgent:
    """An agent as it is declared, under its name, with the model that it asks."""

    name: str
    settings: AgentSettings
    model: ChatModel

    @property
    def description(self) -> str:
        """What others are told about it."""
        return self.settings.description or f"The agent {self.name}."


@dataclass(frozen=True, slots=True)
class Roster:
    """Declared agents by name. `left_out` says of each that may not be used here why, in one sentence."""

    library: Library
    workshop: Workshop
    agents: Mapping[str, DeclaredAgent]
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The agents that can be opened, in the order of the file."""
        return tuple(self.agents)

    def agent(self, name: str) -> DeclaredAgent:
        """One of them; `UsageError` lists those there are."""
        if name not in self.agents:
            why = self.left_out.get(name) or f"There is no agent {name!r}:"
            raise UsageError(why, hint=f"the agents are: {', '.join(self.agents) or 'none'}.")
        return self.agents[name]

    async def open(self, name: str, *, reader: Reader = ANYONE, memory: MemoryBase | None = None) -> AgentBase:
        """A new agent with a conversation of its own, for whoever asks: it reads nothing that `reader` may not.

        Raises `UsageError` for a name that is none, `BankNotFound` where a bank was not ingested yet, `ConfigError`
        for a workspace that cannot be, and `McpError` where the server of a tool cannot be reached.
        """
        declared = self.agent(name)
        settings = declared.settings
        roles = sorted(reader.roles if settings.roles is None else reader.roles & set(settings.roles))
        toolkit = await self.workshop.toolkit(settings)
        if settings.banks:
            from agents.agent.knowledge_agent import LlamaIndexAgent

            return LlamaIndexAgent(
                name,
                settings.instructions,
                declared.model,
                knowledge_list=self.knowledge(declared),
                toolkit=toolkit,
                memory=memory,
                max_iters=settings.rounds,
                roles=roles,
            )
        if not toolkit.tools:
            from agents.agent.dialog_agent import DialogAgent

            return DialogAgent(name, settings.instructions, declared.model, memory=memory, roles=roles)
        from agents.agent.react_agent import ReActAgent

        return ReActAgent(
            name,
            settings.instructions,
            declared.model,
            toolkit=toolkit,
            memory=memory,
            max_iters=settings.rounds,
            roles=roles,
        )

    def knowledge(self, declared: DeclaredAgent) -> list[Library | KnowledgeBank]:
        """What an agent answers from; raises `BankNotFound`."""
        if EVERY_BANK in declared.settings.banks:
            return [self.library]
        return [self.library.bank(name) for name in dict.fromkeys(declared.settings.banks)]

    def within(self, banks: Sequence[str]) -> Roster:
        """The agents that answer from nothing but these banks; the others are left out."""
        served = frozenset(banks)
        others = {
            name: f"The agent {name} answers from banks that are not served."
            for name, agent in self.agents.items()
            if not set(agent.settings.banks) <= served
        }
        return self._without(others)

    def only(self, names: Sequence[str]) -> Roster:
        """The agents of these names; `UsageError` where one is none."""
        chosen = {name: self.agent(name) for name in names}
        return replace(self, agents=chosen)

    def _without(self, others: Mapping[str, str]) -> Roster:
        kept = {name: agent for name, agent in self.agents.items() if name not in others}
        return replace(self, agents=kept, left_out={**self.left_out, **others})


def load_agents(shell: Shell, library: Library, *, llm: LLM | None = None) -> Roster:
    """The agents under `agents:` of the settings in force; none without a file.

    Those that name no model ask `llm`, and without one they quote. Offline, those whose model runs elsewhere are left
    out. Nothing is connected to yet. Raises `ConfigError`, which names file and line, also where an agent speaks of a
    bank or a model that nothing declares.
    """
    content = shell.settings()
    declared = read_agents(content, shell.config)
    if not declared:
        return Roster(library, Workshop(shell), {})
    _check_banks(declared, {*(content.get("banks") or ()), *library.names()}, shell)
    models = _Models(shell, llm)
    made = {name: DeclaredAgent(name, settings, models.of(name, settings)) for name, settings in declared.items()}
    away = {
        name: f"Offline: the agent {name} is left out, since {agent.model.model_name} runs at {agent.model.host}."
        for name, agent in made.items()
        if shell.offline and not agent.model.is_local
    }
    return Roster(library, Workshop(shell), made)._without(away)


class _Models:
    """The models that agents may name, and the one that they ask where they name none."""

    def __init__(self, shell: Shell, llm: LLM | None) -> None:
        self._shell = shell
        self._registry = ModelRegistry(root=shell.config.parent if shell.config else shell.root)
        self._llm = llm

    def of(self, name: str, settings: AgentSettings) -> ChatModel:
        """The model of one agent, made once for all that name it."""
        if settings.model is None:
            return self._default()
        try:
            return self._registry.named(settings.model)
        except UsageError as error:
            where = place(self._shell.config, (SECTION, name, "model"))
            raise ConfigError(f"{where}: {error.message}", hint=error.hint) from None

    def _default(self) -> ChatModel:
        if self._llm is not None:
            return as_model(self._llm)
        from agents.model.extractive_chat import ExtractiveChatModel

        return ExtractiveChatModel()


def _check_banks(declared: Mapping[str, AgentSettings], known: set[str], shell: Shell) -> None:
    for name, settings in declared.items():
        for number, bank in enumerate(settings.banks):
            if bank != EVERY_BANK and bank not in known:
                where = place(shell.config, (SECTION, name, "banks", number))
                raise ConfigError(
                    f"{where}: the agent {name} answers from {bank!r}, which is no bank:",
                    hint=f"write one of {', '.join(sorted(known)) or 'those that you ingest'}.",
                )
