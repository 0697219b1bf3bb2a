"""Google's Gemini models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

from agents.model.addresses import endpoint
from agents.model.integrated_chat import IntegratedChatModel
from agents.model.options import ChatOptions

if TYPE_CHECKING:
    from llama_index.core.llms import LLM


GEMINI = "https://generativelanguage.googleapis.com"
CONTEXT_WINDOW = 1_000_000
MAX_TOKENS = 8192
NAMES = {"max_tokens": "max_output_tokens"}
SEEDS = 2**31


class GeminiChatModel(IntegratedChatModel):
    """A model of Gemini, with GEMINI_API_KEY or GOOGLE_API_KEY at GEMINI_BASE_URL unless they are given.

    Needs the extra `gemini`; raises `IntegrationMissing` without it.
    """

    provider = "gemini"
    packages = ("llama-index-llms-google-genai>=0.11,<0.12",)
    module = "llama_index.llms.google_genai"
    address = GEMINI

    def __init__(
        self,
        model_name: str,
        api_key: str | None = None,
        *,
        stream: bool = True,
        max_tokens: int | None = None,
        thinking_config: Mapping[str, Any] | None = None,
        base_url: str | None = None,
        **options: Unpack[ChatOptions],
    ) -> None:
        at = endpoint("gemini", GEMINI, base_url=base_url, api_key=api_key)
        super().__init__(model_name, at, stream=stream, window=CONTEXT_WINDOW, max_tokens=max_tokens, **options)
        if thinking_config:
            self.generate_kwargs = {"thinking_config": dict(thinking_config), **self.generate_kwargs}

    def open(self) -> LLM:
        """The LLM of LlamaIndex, which asks for nothing before the first call: window and length are given."""
        import httpx
        from google.genai import types  # an extra
        from llama_index.llms.google_genai import GoogleGenAI

        length = self.max_tokens or MAX_TOKENS
        # A dict, because the integration writes options that are objects as JSON.
        options: Any = {
            "base_url": self.base_url,
            "timeout": int(self.silence * 1000),
            "httpx_async_client": httpx.AsyncClient(timeout=self.silence, trust_env=not self.is_local),
        }
        llm: LLM = GoogleGenAI(
            model=self.model_name,
            api_key=self.api_key,
            max_tokens=length,
            context_window=self.context_window,
            max_retries=0,
            http_options=options,
            generation_config=types.GenerateContentConfig(
                temperature=self.temperature, max_output_tokens=length, **self.generate_kwargs
            ),
            file_mode="inline",
        )
        return llm

    def drawing(self, llm: Any, wanted: Mapping[str, Any]) -> LLM:
        """Seeds have 31 bits here, and what the model thinks counts as part of its reply."""
        named = {NAMES.get(name, name): value for name, value in wanted.items()}
        if "seed" in named:
            named["seed"] %= SEEDS
        if "max_output_tokens" in named:
            thinking = llm._generation_config.get("thinking_config") or {}
            named["max_output_tokens"] += max(thinking.get("thinking_budget") or 0, 0)
        other: Any = llm.model_copy()
        other._generation_config = {**llm._generation_config, **named}
        drawn: LLM = other
        return drawn

    @staticmethod
    async def close(llm: Any) -> None:
        """End its connections."""
        await llm._client.aio._api_client._async_httpx_client.aclose()
        llm._client.close()
