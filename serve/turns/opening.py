"""Who answers, by what is configured: the tiers with their models, or, without a model, whoever quotes."""

from __future__ import annotations

from collections.abc import Mapping

from agents.declared.tools import Workshop
from agents.model.chat import ChatModel
from agents.model.registry import ModelRegistry
from agents.model.resolve import as_model
from agents.model.settings import choose_model
from agents.model.spec import open_model
from knowledge.config_sections import place
from knowledge.embedding.processor import processors
from knowledge.errors import ConfigError, UsageError
from knowledge.library import Library
from knowledge.terminal.shell import Shell
from serve.config.settings import SECTION, Flow, ServerSettings
from serve.turns.flow import Answering, TieredFlow
from serve.turns.quoting import Quoter
from serve.turns.tools import Tickets


def open_answering(
    shell: Shell,
    settings: ServerSettings,
    library: Library,
    *,
    model: ChatModel | None = None,
    tickets: Tickets | None = None,
) -> Answering:
    """Who answers; `model` is asked by every tier that names none of its own. Raises `ConfigError`."""
    models = _models(shell, settings, model)
    if models[settings.flow.tier1.name] is None:
        return Quoter(
            library,
            name=settings.flow.tier1.name,
            banks=settings.flow.tier1.banks or settings.banks,
            confidence=settings.flow.confidence,
            offers_person=settings.features.handover,
            at_once=max(2, processors()),
        )
    return TieredFlow(
        _narrowed(settings),
        library,
        {name: found for name, found in models.items() if found is not None},
        Workshop(shell),
        tickets,
        settings.features.handover,
    )


def default_model(shell: Shell, named: str | None = None) -> tuple[ChatModel | None, str]:
    """The model that is configured, if any, and a sentence where one is and may not be asked."""
    choice = choose_model(shell, named)
    if choice.spec is None:
        return None, choice.note
    model = as_model(open_model(choice.spec))
    model.stream = True
    return model, choice.note


def _models(shell: Shell, settings: ServerSettings, model: ChatModel | None) -> Mapping[str, ChatModel | None]:
    """The model of every part of the flow, by the name of the part."""
    flow = settings.flow
    registry = ModelRegistry(root=shell.config.parent if shell.config else shell.root)
    found: dict[str, ChatModel | None] = {}
    for key, part in (("tier1", flow.tier1), ("router", flow.router), ("tier2", flow.tier2)):
        if part is None:
            continue
        if part.name in found:
            raise ConfigError(f"{place(shell.config, (SECTION, 'flow', key))}: two parts are called {part.name}.")
        found[part.name] = _named(shell, registry, key, part.model) if part.model else model
    return found


def _named(shell: Shell, registry: ModelRegistry, key: str, name: str) -> ChatModel:
    try:
        model = registry.named(name)
    except UsageError as error:
        where = place(shell.config, (SECTION, "flow", key, "model"))
        raise ConfigError(f"{where}: {error.message}", hint=error.hint) from None
    if shell.offline and not model.is_local:
        raise ConfigError(f"Offline: {name} at {model.host} may not be asked:", hint="leave `model` out, or go online.")
    model.stream = True
    return model


def _narrowed(settings: ServerSettings) -> Flow:
    """The flow, in which a tier that names no banks reads those that are served."""
    flow = settings.flow
    tiers = {name: tier for name, tier in (("tier1", flow.tier1), ("tier2", flow.tier2)) if tier is not None}
    narrowed = {
        name: tier.model_copy(update={"banks": settings.banks}) for name, tier in tiers.items() if tier.banks is None
    }
    return flow.model_copy(update=narrowed)
