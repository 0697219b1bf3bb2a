"""The models that may be named, and the one that answers when none is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from agents.model.chat import ChatModel
from knowledge.errors import ConfigError, UsageError
from knowledge.settings import CONFIG_NAME, find_config, load_config, process_environment

if TYPE_CHECKING:
    from agents.model.configs import ModelConfig


class ModelRegistry:
    """Configurations given in code before those of refdesk.yaml; each model is made once, when it is first wanted.

    `root` is the folder with the refdesk.yaml in force; without one it is looked for from the working folder up.
    Where they are not to `keep`, models are made anew each time, so that they follow the environment.
    """

    def __init__(self, configs: Sequence[ModelConfig] = (), *, root: Path | None = None, keep: bool = True) -> None:
        self.given = tuple(configs)
        self._keep = keep
        self._root = root
        self._made: dict[str, ChatModel] = {}
        self._lock = RLock()

    def configs(self) -> tuple[ModelConfig, ...]:
        """Every configuration in force; those of refdesk.yaml come last, and give way to the same name in code."""
        names = {config.name for config in self.given}
        return (*self.given, *(config for config in self._in_file() if config.name not in names))

    def default(self) -> ChatModel:
        """The first chat model of the code, else of refdesk.yaml, else REFDESK_MODEL, else the extractive one."""
        if config := next((config for config in self.given if config.is_chat), None):
            return self._model(config)
        if model := self._default_of_file():
            return model
        if name := process_environment().model:
            return self._by_environment(name)
        from agents.model.extractive_chat import ExtractiveChatModel

        return ExtractiveChatModel()

    def named(self, name: str) -> ChatModel:
        """The model whose `config_name`, else whose `model_name` is `name`; `UsageError` lists both otherwise."""
        return self._model(self.config(name, chat=True))

    def config(self, name: str, *, chat: bool) -> ModelConfig:
        """The configuration called `name` of a model that chats, or embeds; `UsageError` lists those there are."""
        configs = [config for config in self.configs() if config.is_chat is chat]
        for found in (
            [config for config in configs if config.config_name == name],
            [config for config in configs if config.model_name == name or config.name == name],
        ):
            if found:
                return found[0]
        kind = "model" if chat else "embedding model"
        raise UsageError(f"There is no {kind} called {name!r}:", hint=_known(configs))

    def _model(self, config: ModelConfig) -> ChatModel:
        if not self._keep:
            return self._opened(config)
        with self._lock:
            if config.name not in self._made:
                self._made[config.name] = self._opened(config)
            return self._made[config.name]

    def _opened(self, config: ModelConfig) -> ChatModel:
        from agents.model.opening import open_chat_model

        model = open_chat_model(config)
        if not config.fallbacks:
            return model
        from agents.model.fallback_chat import FallbackChatModel

        # Without the fallbacks of the fallbacks, which may lead back here.
        others = [open_chat_model(self.config(name, chat=True)) for name in config.fallbacks]
        return FallbackChatModel([model, *others], config_name=config.config_name or None)

    def _by_environment(self, name: str) -> ChatModel:
        """REFDESK_MODEL is a configuration's name, else a model behind OpenAI's protocol."""
        if any(name in (config.config_name, config.model_name) for config in self.configs() if config.is_chat):
            return self.named(name)
        from agents.model.openai_chat import OpenAIChatModel

        return OpenAIChatModel(name)

    def _default_of_file(self) -> ChatModel | None:
        """The model that `model:` names, else the first chat model under `models:`."""
        section = self._section("model") or {}
        if not isinstance(section, dict):
            raise ConfigError(f"{self._path()}: `model` must hold settings as `name: value` lines.")
        name = section.get("name")
        if name and any(name == config.name for config in self._in_file()):
            return self.named(name)
        if name:
            return self._of_section(section)
        first = next((config for config in self._in_file() if config.is_chat), None)
        return self._model(first) if first else None

    def _of_section(self, section: dict[str, Any]) -> ChatModel:
        from agents.model.openai_chat import OpenAIChatModel
        from agents.model.settings import ModelSettings, read_section

        path = self._path()
        settings: ModelSettings = read_section(section, path)
        return OpenAIChatModel.from_spec(settings.spec(settings.name, process_environment()))

    def _in_file(self) -> tuple[ModelConfig, ...]:
        from agents.model.configs import parse_configs

        entries = self._section("models")
        return parse_configs(entries, f"{self._path()}: models") if entries else ()

    def _section(self, name: str) -> Any:
        path = self._path()
        return load_config(path).get(name) if path else None

    def _path(self) -> Path | None:
        if self._root is None:
            return find_config(Path.cwd())
        path = self._root / CONFIG_NAME
        return path if path.is_file() else None


def _known(configs: Sequence[ModelConfig]) -> str:
    if not configs:
        return "none is configured; give `model_configs` to agents.init, or `models:` in refdesk.yaml."
    by_config = ", ".join(config.config_name for config in configs if config.config_name) or "none"
    by_model = ", ".join(dict.fromkeys(config.model_name for config in configs if config.model_name)) or "none"
    return f"write a config_name ({by_config}) or a model_name ({by_model})."
