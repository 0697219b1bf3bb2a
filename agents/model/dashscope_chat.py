"""DashScope's models."""

from __future__ import annotations

from typing import Unpack

from agents.model.openai_chat import OpenAIChatModel
from agents.model.options import ServerOptions

DASHSCOPE = "https://dashscope.aliyuncs.com/compatible-mode/v1"


class DashScopeChatModel(OpenAIChatModel):
    """A model of DashScope through its OpenAI-compatible protocol, at DASHSCOPE_BASE_URL with DASHSCOPE_API_KEY."""

    provider = "dashscope"
    address = DASHSCOPE

    def __init__(
        self,
        model_name: str,
        api_key: str | None = None,
        *,
        stream: bool = True,
        enable_thinking: bool | None = None,
        base_http_api_url: str | None = None,
        base_url: str | None = None,
        **options: Unpack[ServerOptions],
    ) -> None:
        if enable_thinking is not None:
            options["generate_kwargs"] = {"enable_thinking": enable_thinking, **(options.get("generate_kwargs") or {})}
        super().__init__(model_name, api_key, stream=stream, base_url=base_url or base_http_api_url, **options)

    @property
    def follows_schemas(self) -> bool:
        """Not every model there does."""
        return False
