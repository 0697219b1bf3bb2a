"""The section `model:` of refdesk.yaml, and which model a command uses in the end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.model import OPENAI, ModelSpec
from knowledge.config_lines import line_of
from knowledge.errors import ConfigError
from knowledge.settings import Environment
from knowledge.terminal.shell import Shell

SECTION = "model"


class ModelSettings(BaseModel):
    """A model by name, where it runs, and what it can do; a key is never part of a file."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: str = Field(default="", max_length=200)
    base_url: str | None = None
    function_calling: bool = True
    chat: bool = True
    context_window: int = Field(default=32_000, ge=2_000)
    max_tokens: int | None = Field(default=None, ge=1)
    temperature: float = Field(default=0.0, ge=0, le=2)
    timeout: float = Field(default=60.0, gt=0)
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

    Offline, only a model on this machine is asked. Raises `ConfigError` where the settings are wrong or a key is
    missing.
    """
    settings = read_model_settings(shell)
    name = named or settings.name or shell.environment.model
    if not name:
        return Choice(None)
    spec = settings.spec(name, shell.environment)
    if shell.offline and not spec.is_local:
        return Choice(None, f"Offline: {name} at {spec.host} was not asked; this is quoted, without a language model.")
    if spec.base_url == OPENAI and not spec.api_key:
        raise ConfigError(f"{name} at {spec.host} needs a key:", hint="set OPENAI_API_KEY, or leave the model out.")
    return Choice(spec)


def read_model_settings(shell: Shell) -> ModelSettings:
    """The section `model:`; `ConfigError` names file, line and what was expected."""
    given = shell.section(SECTION)
    try:
        return ModelSettings.model_validate(given)
    except ValidationError as error:
        raise ConfigError(_complaint(error, shell)) from None


def _complaint(error: ValidationError, shell: Shell) -> str:
    first: Any = error.errors()[0]
    location = (SECTION, *first["loc"])
    line = line_of(shell.config, location) if shell.config else None
    place = f"{shell.config}, line {line}" if line else str(shell.config)
    name = ".".join(str(part) for part in location)
    if first["type"] == "extra_forbidden":
        return f"{place}: {name} is not a setting; write one of {', '.join(ModelSettings.model_fields)}."
    expected = first["msg"].removeprefix("Input should be ").removeprefix("Input ")
    return f"{place}: {name} should be {expected}, found {first['input']!r}."


def without_network(shell: Shell, *, offline: bool) -> Shell:
    """The same shell, offline where the command says so too."""
    return replace(shell, offline=shell.offline or offline)
