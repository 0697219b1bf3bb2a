"""Model configurations: one object, a list of them, or a JSON file that holds either."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, model_validator

from knowledge.errors import ConfigError

ModelType = Literal[
    "openai_chat", "openai_embedding", "dashscope_chat", "anthropic_chat", "gemini_chat", "ollama_chat", "extractive"
]
ModelConfigs = Mapping[str, Any] | Sequence[Mapping[str, Any]] | str | PathLike[str]
EMBEDDING = "openai_embedding"
EXTRACTIVE = "extractive"


class OwnPrice(BaseModel):
    """Dollars for a million tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: float = Field(ge=0)
    output: float = Field(ge=0)


class ModelConfig(BaseModel):
    """A model under a name of one's own: what it is, where it runs, how it is asked.

    `timeout` is the longest silence of the server in seconds; without it, three attempts fit into 100 s.
    Without `base_url` it runs where the provider's environment variable says, else at the provider. `retries` come
    on top of the first attempt. `fallbacks` names the configurations to turn to when it fails.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    config_name: str = Field(default="", max_length=200)
    model_type: ModelType = "openai_chat"
    model_name: str = Field(default="", max_length=200, validation_alias=AliasChoices("model_name", "model", "name"))
    api_key: str | None = Field(default=None, repr=False)
    base_url: str | None = Field(
        default=None, validation_alias=AliasChoices("base_url", "api_base", "api_url", "base_http_api_url", "host")
    )
    organization: str | None = None
    stream: bool = False
    function_calling: bool = True
    context_window: int | None = Field(default=None, ge=1_000)
    max_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    timeout: float | None = Field(default=None, gt=0)
    retries: int = Field(default=2, ge=0, le=10, validation_alias=AliasChoices("retries", "max_retries"))
    price: OwnPrice | None = None
    fallbacks: tuple[str, ...] = ()
    generate_kwargs: dict[str, Any] = Field(
        default_factory=dict, validation_alias=AliasChoices("generate_kwargs", "generate_args")
    )

    @model_validator(mode="before")
    @classmethod
    def _flattened(cls, given: Any) -> Any:
        """What is nested under `client_args` or `client_kwargs` stands beside the rest."""
        if not isinstance(given, Mapping):
            return given
        flat = {name: value for name, value in given.items() if name not in ("client_args", "client_kwargs")}
        for nest in ("client_args", "client_kwargs"):
            flat |= given.get(nest) or {}
        return flat

    @model_validator(mode="after")
    def _is_named(self) -> ModelConfig:
        if not self.model_name and self.model_type != EXTRACTIVE:
            raise ValueError("model_name is missing")
        return self

    @property
    def name(self) -> str:
        """The name under which it is found first."""
        return self.config_name or self.model_name or self.model_type

    @property
    def is_chat(self) -> bool:
        """Whether it answers messages."""
        return self.model_type != EMBEDDING


def read_configs(given: ModelConfigs | None) -> tuple[ModelConfig, ...]:
    """The configurations in `given`; `ConfigError` names the file, the entry and the field that is wrong."""
    if given is None:
        return ()
    if isinstance(given, str | PathLike):
        return parse_configs(_loaded(Path(given)), str(given))
    return parse_configs(given, "model_configs")


def parse_configs(given: object, place: str) -> tuple[ModelConfig, ...]:
    """The configurations that stand in `place` as one object, a list of objects, or objects by their `config_name`."""
    configs = [_parsed(entry, f"{place}: {label}") for label, entry in _entries(given, place)]
    names = [config.name for config in configs]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(f"{place}: two configurations are called {twice!r}:", hint="give each its own config_name.")
    known = set(names)
    for config in configs:
        if missing := next((name for name in config.fallbacks if name not in known), None):
            raise ConfigError(f"{place}: {config.name}: fallbacks names {missing!r}, which is no configuration.")
    return tuple(configs)


def _loaded(path: Path) -> object:
    try:
        return json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text:", hint="save it as UTF-8.") from error
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path}, line {error.lineno}: is not JSON: {error.msg}.") from error


def _entries(given: object, place: str) -> Iterable[tuple[str, object]]:
    """Each entry with what it is called in an error."""
    if isinstance(given, Mapping):
        if given and all(isinstance(entry, Mapping) for entry in given.values()):
            return [(str(name), {"config_name": str(name), **entry}) for name, entry in given.items()]
        return [(str(given.get("config_name") or "the configuration"), given)]
    if isinstance(given, Sequence) and not isinstance(given, str | bytes):
        return [(_label(number, entry), entry) for number, entry in enumerate(given, 1)]
    raise ConfigError(f"{place}: expected one configuration or a list of them, found {type(given).__name__}.")


def _label(number: int, entry: object) -> str:
    name = entry.get("config_name") if isinstance(entry, Mapping) else None
    return f"entry {number} ({name})" if name else f"entry {number}"


def _parsed(entry: object, place: str) -> ModelConfig:
    if isinstance(entry, ModelConfig):
        return entry
    if not isinstance(entry, Mapping):
        raise ConfigError(f"{place}: expected an object such as {{'model_type': ..., 'model_name': ...}}.")
    try:
        return ModelConfig.model_validate(entry)
    except ValidationError as error:
        raise ConfigError(f"{place}: {_complaint(error)}") from None


def _complaint(error: ValidationError) -> str:
    """The first fault as a sentence; what was found is shown unless it may be a key."""
    first: Any = error.errors(include_url=False)[0]
    field = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        return f"{field} is not a field; write one of {', '.join(ModelConfig.model_fields)}."
    words = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ").removeprefix("Input ")
    if not field:
        return f"{words}."
    found = "" if field == "api_key" else f", found {first['input']!r}"
    return f"{field} should be {words}{found}."
