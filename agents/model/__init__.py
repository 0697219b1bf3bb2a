"""Language models behind one interface: any provider, any LlamaIndex LLM, or none at all."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.model.anthropic_chat import AnthropicChatModel
    from agents.model.chat import ChatModel, ChatRequest
    from agents.model.configs import ModelConfig
    from agents.model.dashscope_chat import DashScopeChatModel
    from agents.model.extractive_chat import ExtractiveChatModel
    from agents.model.fallback_chat import FallbackChatModel
    from agents.model.formatting import to_chat_messages
    from agents.model.gemini_chat import GeminiChatModel
    from agents.model.llamaindex_chat import LlamaIndexChatModel
    from agents.model.ollama_chat import OllamaChatModel
    from agents.model.openai_chat import OpenAIChatModel
    from agents.model.pricing import Price
    from agents.model.resolve import as_model
    from agents.model.response import ChatResponse, Usage
    from agents.model.retrying import RetryPolicy

HOMES = {
    "AnthropicChatModel": "anthropic_chat",
    "ChatModel": "chat",
    "ChatRequest": "chat",
    "ChatResponse": "response",
    "DashScopeChatModel": "dashscope_chat",
    "ExtractiveChatModel": "extractive_chat",
    "FallbackChatModel": "fallback_chat",
    "GeminiChatModel": "gemini_chat",
    "LlamaIndexChatModel": "llamaindex_chat",
    "ModelConfig": "configs",
    "OllamaChatModel": "ollama_chat",
    "OpenAIChatModel": "openai_chat",
    "Price": "pricing",
    "RetryPolicy": "retrying",
    "Usage": "response",
    "as_model": "resolve",
    "to_chat_messages": "formatting",
}
__all__ = [
    "AnthropicChatModel",
    "ChatModel",
    "ChatRequest",
    "ChatResponse",
    "DashScopeChatModel",
    "ExtractiveChatModel",
    "FallbackChatModel",
    "GeminiChatModel",
    "LlamaIndexChatModel",
    "ModelConfig",
    "OllamaChatModel",
    "OpenAIChatModel",
    "Price",
    "RetryPolicy",
    "Usage",
    "as_model",
    "to_chat_messages",
]


def __getattr__(name: str) -> object:
    # Loaded when asked for: naming one provider imports no other.
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"agents.model.{HOMES[name]}"), name)
