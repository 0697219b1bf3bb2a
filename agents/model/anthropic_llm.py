"""The LLM of LlamaIndex for Anthropic's models, those too that came after it and whose names it refuses."""

from __future__ import annotations

from typing import Any

from llama_index.core.llms import LLMMetadata
from llama_index.llms.anthropic import Anthropic


class AnyAnthropic(Anthropic):
    """A model of any name; `window` is its context window, in tokens, and `calls` whether it uses tools.

    A temperature of None is left to the provider.
    """

    window: int = 200_000
    calls: bool = True

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(
            context_window=self.window,
            num_output=self.max_tokens,
            is_chat_model=True,
            model_name=self.model,
            is_function_calling_model=self.calls,
        )

    @property
    def draws(self) -> bool:
        """Whether its provider lets anybody say how its words are drawn, which it refuses for some models."""
        return "temperature" in super()._model_kwargs

    @property
    def _model_kwargs(self) -> dict[str, Any]:
        return {name: value for name, value in super()._model_kwargs.items() if value is not None}
