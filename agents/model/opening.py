"""Chat models made of their configurations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from agents.model.chat import ChatModel
from agents.model.configs import ModelConfig
from agents.model.pricing import Price
from agents.model.retrying import RetryPolicy
from knowledge.errors import ConfigError

CLASSES: Mapping[str, tuple[str, str]] = {
    "anthropic_chat": ("anthropic_chat", "AnthropicChatModel"),
    "dashscope_chat": ("dashscope_chat", "DashScopeChatModel"),
    "extractive": ("extractive_chat", "ExtractiveChatModel"),
    "gemini_chat": ("gemini_chat", "GeminiChatModel"),
    "ollama_chat": ("ollama_chat", "OllamaChatModel"),
    "openai_chat": ("openai_chat", "OpenAIChatModel"),
}


def open_chat_model(config: ModelConfig) -> ChatModel:
    """The model that `config` describes; connects to nothing yet. Raises `ConfigError` for one that embeds."""
    if config.model_type not in CLASSES:
        raise ConfigError(
            f"{config.name} is an {config.model_type}, which answers no messages:", hint="name a chat model."
        )
    module, name = CLASSES[config.model_type]
    make: Callable[..., ChatModel] = getattr(import_module(f"agents.model.{module}"), name)
    if config.model_type == "extractive":
        return make(config_name=config.config_name or None)
    return make(config.model_name, **_arguments(config))


def _arguments(config: ModelConfig) -> dict[str, Any]:
    given: dict[str, Any] = {
        "api_key": config.api_key,
        "base_url": config.base_url,
        "organization": config.organization,
        "context_window": config.context_window,
        "max_tokens": config.max_tokens,
        "temperature": config.temperature,
        "timeout": config.timeout,
    }
    return {
        **{name: value for name, value in given.items() if value is not None},
        "config_name": config.config_name or None,
        "stream": config.stream,
        "function_calling": config.function_calling,
        "retry": RetryPolicy(attempts=config.retries + 1),
        "price": Price(config.price.input, config.price.output) if config.price else None,
        "generate_kwargs": config.generate_kwargs,
    }
