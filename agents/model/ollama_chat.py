"""Models that Ollama runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

from agents.model.addresses import Endpoint, checked, ollama_address, same_address
from agents.model.integrated_chat import IntegratedChatModel
from agents.model.options import ChatOptions
from agents.model.pricing import Price
from knowledge.settings import process_environment

if TYPE_CHECKING:
    from llama_index.core.llms import LLM


OLLAMA = "http://127.0.0.1:11434"
# Ollama reserves memory for the whole window when it loads the model.
CONTEXT_WINDOW = 8192
NAMES = {"max_tokens": "num_predict"}


class OllamaChatModel(IntegratedChatModel):
    """A model that Ollama runs, at OLLAMA_HOST unless `host` is given, else on this machine.

    `options` are Ollama's own, such as `{"num_gpu": 1}`. Needs the extra `ollama`; raises `IntegrationMissing`
    without it.
    """

    provider = "ollama"
    packages = ("llama-index-llms-ollama>=0.11,<0.12",)
    module = "llama_index.llms.ollama"
    # Ollama asks for no key anywhere.
    address = ""

    def __init__(
        self,
        model_name: str,
        *,
        stream: bool = False,
        options: Mapping[str, Any] | None = None,
        keep_alive: str = "5m",
        enable_thinking: bool | None = None,
        host: str | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        max_tokens: int | None = None,
        **more: Unpack[ChatOptions],
    ) -> None:
        more["price"] = more.get("price") or Price(0.0, 0.0)
        at = _endpoint(host or base_url, api_key)
        super().__init__(model_name, at, stream=stream, window=CONTEXT_WINDOW, max_tokens=max_tokens, **more)
        length = {"num_predict": max_tokens} if max_tokens else {}
        self.generate_kwargs = {**length, **(options or {}), **self.generate_kwargs}
        self.keep_alive = keep_alive
        self.enable_thinking = enable_thinking

    def open(self) -> LLM:
        """The LLM of LlamaIndex."""
        from llama_index.llms.ollama import Ollama  # an extra

        key = {"Authorization": f"Bearer {self._at.api_key}"} if self._at.api_key else {}
        llm: LLM = Ollama(
            model=self.model_name,
            base_url=self.base_url,
            temperature=self.temperature,
            context_window=self.context_window,
            request_timeout=self.silence,
            is_function_calling_model=self.function_calling,
            keep_alive=self.keep_alive,
            thinking=self.enable_thinking,
            additional_kwargs=self.generate_kwargs,
            headers=key,
        )
        return llm

    def drawing(self, llm: Any, wanted: Mapping[str, Any]) -> LLM:
        """They are options of Ollama's under nearly the same names."""
        named = {NAMES.get(name, name): value for name, value in wanted.items()}
        _ = llm.async_client  # made when first used; a copy made before would keep another, which nobody closes
        drawn: LLM = llm.model_copy(update={"additional_kwargs": {**llm.additional_kwargs, **named}})
        return drawn

    @staticmethod
    async def close(llm: Any) -> None:
        """End its connections; the client has no public way."""
        if llm._async_client is not None:
            await llm._async_client._client.aclose()


def _endpoint(host: str | None, api_key: str | None) -> Endpoint:
    known = process_environment().provider("ollama")
    trusted = ollama_address(known.base_url or OLLAMA)
    address = ollama_address(host) if host else trusted
    key = api_key or (known.api_key if same_address(address, trusted) else None)
    return Endpoint(checked(address), key, known.key_name, known.url_name)
