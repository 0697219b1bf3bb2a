"""Embedding models of the configuration, as knowledge banks take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.model.addresses import checked, same_address
from agents.model.spec import OPENAI
from agents.runtime import current
from knowledge.card import EmbedderSpec
from knowledge.settings import Environment, process_environment

if TYPE_CHECKING:
    from agents.model.configs import ModelConfig


def embedding_spec(config_name: str) -> EmbedderSpec:
    """The embedder that the configuration called `config_name`, or a model of that name, describes.

    It runs at its own address, else where OPENAI_BASE_URL says, else at OpenAI. Raises `UsageError` that lists the
    embedding models where there is none of that name.
    """
    config = current().models.config(config_name, chat=False)
    return EmbedderSpec(kind="openai", model=config.model_name, base_url=_address(config, process_environment()))


def embedding_key(spec: EmbedderSpec, environment: Environment) -> str | None:
    """The key for this model at this address: that of its configuration, else the environment's for that address."""
    address = spec.base_url or OPENAI
    for config in current().models.configs():
        meant = not config.is_chat and config.model_name == spec.model
        if meant and config.api_key and same_address(_address(config, environment), address):
            return config.api_key
    trusted = environment.openai_base_url or OPENAI
    return environment.openai_api_key if same_address(address, trusted) else None


def _address(config: ModelConfig, environment: Environment) -> str:
    return checked(config.base_url or environment.openai_base_url or OPENAI)
