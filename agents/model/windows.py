"""How many tokens the models of providers take, where their documentation says so."""

from __future__ import annotations

from agents.model.naming import entry_for

WINDOWS: dict[str, int] = {
    "gpt-3.5-turbo": 16_385,
    "gpt-4": 8_192,
    "gpt-4-32k": 32_768,
    "gpt-4-turbo": 128_000,
    "gpt-4.1": 1_047_576,
    "gpt-4.1-mini": 1_047_576,
    "gpt-4.1-nano": 1_047_576,
    "gpt-4o": 128_000,
    "gpt-4o-mini": 128_000,
    "gpt-5": 400_000,
    "gpt-5-mini": 400_000,
    "gpt-5-nano": 400_000,
    "o1": 200_000,
    "o3": 200_000,
    "o3-mini": 200_000,
    "o4-mini": 200_000,
    "qwen-max": 32_768,
    "qwen-plus": 131_072,
    "qwen-turbo": 131_072,
    "deepseek-chat": 128_000,
    "deepseek-reasoner": 128_000,
}


def window_of(model: str) -> int | None:
    """The context window of the model called `model`, in its tokens; None where it is not known."""
    entry = entry_for(model, WINDOWS)
    return WINDOWS[entry] if entry else None
