"""The section `model:` of refdesk.yaml, and which model a command uses in the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import Field

from agents.model.configs import EXTRACTIVE, ModelConfig, parse_configs
from agents.model.spec import OPENAI, ModelSpec
from knowledge.config_sections import Strict, read_part
from knowledge.errors import ConfigError
from knowledge.settings import Environment
from knowledge.terminal.shell import Shell

SECTION = "model"
ENTRIES = "models"


class ModelSettings(Strict):
    """A model by name, where it runs, and what it can do; a key is never part of a file."""

    name: str = Field(default="", max_length=200)
    base_url: str | None = None
    function_calling: bool = True
    chat: bool = True
    context_window: int = Field(default=32_000, ge=2_000)
    max_tokens: int | None = Field(default=None, ge=1)
    temperature: float = Field(default=0.0, ge=0, le=2)
    timeout: float | None = Field(default=None, gt=0)
    retries: int = Field(default=2, ge=0, le=10)

    def spec(self, name: str, environment: Environment) -> ModelSpec:
        """The model called `name` as these settings describe it.

        The key of the environment goes only to the address that the environment names, by default OpenAI's: a
        settings file that came with somebody's documents cannot send it elsewhere.
        """
        trusted = environment.openai_base_url or OPENAI
        base_url = self.base_url or trusted
        return ModelSpec(
            name=name,
            base_url=base_url,
            api_key=environment.openai_api_key if base_url.rstrip("/") == trusted.rstrip("/") else None,
            function_calling=self.function_calling,
            chat=self.chat,
            context_window=self.context_window,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            timeout=self.timeout,
            retries=self.retries,
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """The model that answers, if any, and a sentence for the reader where one was named and may not be used."""

    spec: ModelSpec | None
    note: str = ""


def choose_model(shell: Shell, named: str | None) -> Choice:
    """The model that was named: by the argument `named`, else in refdesk.yaml, else by REFDESK_MODEL.

    A name is that of an entry under `models:`, else of a model behind OpenAI's protocol. Offline, only a model on
    this machine is asked. Raises `ConfigError` where the settings are wrong or a key is missing.
    """
    settings, entries = read_model_settings(shell), _entries(shell)
    name = named or settings.name or next((entry.name for entry in entries), None) or shell.environment.model
    if not name:
        return Choice(None)
    entry = next((entry for entry in entries if name in (entry.config_name, entry.model_name)), None)
    if entry is not None and entry.model_type == EXTRACTIVE:
        return Choice(None)
    spec = _described(entry) if entry else settings.spec(name, shell.environment)
    if shell.offline and not spec.is_local:
        return Choice(None, f"Offline: {name} at {spec.host} was not asked; this is quoted, without a language model.")
    if entry is None and spec.base_url == OPENAI and not spec.api_key:
        raise ConfigError(f"{name} at {spec.host} needs a key:", hint="set OPENAI_API_KEY, or leave the model out.")
    return Choice(spec)


def _entries(shell: Shell) -> list[ModelConfig]:
    """The chat models under `models:`."""
    given = shell.settings().get(ENTRIES)
    return [entry for entry in parse_configs(given, f"{shell.config}: {ENTRIES}") if entry.is_chat] if given else []


def _described(entry: ModelConfig) -> ModelSpec:
    from agents.model.opening import open_chat_model  # models are needed once one is named

    model = open_chat_model(entry)
    address = getattr(model, "base_url", None) or OPENAI
    return ModelSpec(model.model_name, base_url=address, context_window=model.context_window, config=entry)


def read_model_settings(shell: Shell) -> ModelSettings:
    """The section `model:`; `ConfigError` names file, line and what was expected."""
    return read_section(shell.section(SECTION), shell.config)


def read_section(given: Mapping[str, Any], config: Path | None) -> ModelSettings:
    """What stands under `model:` in the file `config`; `ConfigError` names file, line and what was expected."""
    return read_part(ModelSettings, given, config, at=(SECTION,))


def without_network(shell: Shell, *, offline: bool) -> Shell:
    """The same shell, offline where the command says so too."""
    return replace(shell, offline=shell.offline or offline)
