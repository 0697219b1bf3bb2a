"""Anthropic's models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

from agents.model.addresses import endpoint
from agents.model.integrated_chat import IntegratedChatModel
from agents.model.options import ChatOptions

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

    from agents.model.anthropic_llm import AnyAnthropic

ANTHROPIC = "https://api.anthropic.com"
CONTEXT_WINDOW = 200_000
MAX_TOKENS = 4096


class AnthropicChatModel(IntegratedChatModel):
    """A model of Anthropic, at ANTHROPIC_BASE_URL with ANTHROPIC_API_KEY unless they are given.

    `thinking` is Anthropic's setting of that name, such as `{"type": "enabled", "budget_tokens": 2000}`. Needs the
    extra `anthropic`; raises `IntegrationMissing` without it.
    """

    provider = "anthropic"
    packages = ("llama-index-llms-anthropic>=0.12,<0.13", "anthropic<1")
    module = "llama_index.llms.anthropic"
    address = ANTHROPIC

    def __init__(
        self,
        model_name: str,
        api_key: str | None = None,
        *,
        max_tokens: int | None = None,
        stream: bool = True,
        thinking: Mapping[str, Any] | None = None,
        base_url: str | None = None,
        **options: Unpack[ChatOptions],
    ) -> None:
        at = endpoint("anthropic", ANTHROPIC, base_url=base_url, api_key=api_key)
        super().__init__(model_name, at, stream=stream, window=CONTEXT_WINDOW, max_tokens=max_tokens, **options)
        self.thinking = dict(thinking) if thinking else None

    def open(self) -> LLM:
        """The LLM of LlamaIndex, without retries of its own."""
        from agents.model.anthropic_llm import AnyAnthropic  # an extra

        llm = AnyAnthropic(  # type: ignore[call-arg]  # its constructor is that of Anthropic
            model=self.model_name,
            api_key=self.api_key,
            base_url=self.base_url,
            max_tokens=self.max_tokens or MAX_TOKENS,
            temperature=0.0 if self.temperature is None else self.temperature,
            timeout=self.silence,
            max_retries=0,
            thinking_dict=self.thinking,
            additional_kwargs=self.generate_kwargs,
        )
        llm.window, llm.calls = self.context_window, self.function_calling
        return llm

    def drawing(self, llm: AnyAnthropic, wanted: Mapping[str, Any]) -> LLM:
        """Temperatures end at 1, and newer models refuse one beside `top_p`; none is taken while a model thinks."""
        thinks = (self.thinking or {}).get("type", "disabled") != "disabled"
        more = dict(llm.additional_kwargs)
        update: dict[str, Any] = {"additional_kwargs": more}
        if "max_tokens" in wanted:
            more.pop("max_tokens", None)
            update["max_tokens"] = wanted["max_tokens"] + (self.thinking or {}).get("budget_tokens", 0)
        if llm.draws and not thinks and wanted.keys() & {"temperature", "top_p"}:
            for name in ("temperature", "top_p"):
                more.pop(name, None)
            update["temperature"] = min(wanted["temperature"], 1.0) if "temperature" in wanted else None
            more |= {} if "temperature" in wanted else {"top_p": wanted["top_p"]}
        return llm.model_copy(update=update)

    @staticmethod
    async def close(llm: Any) -> None:
        """End its connections."""
        await llm._aclient.close()
        llm._client.close()
