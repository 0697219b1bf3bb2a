"""How a model draws its words where one request asks for it: options that change nothing for other requests."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from agents.model.chat import ChatModel
from agents.model.fallback_chat import FallbackChatModel
from agents.model.integrated_chat import IntegratedChatModel
from agents.model.openai_chat import OpenAIChatModel


@dataclass(frozen=True, slots=True)
class Sampling:
    """Options as OpenAI's protocol names them; None leaves what is configured."""

    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    max_tokens: int | None = None

    @property
    def options(self) -> dict[str, Any]:
        """Those that are asked for."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def sampled(model: ChatModel, sampling: Sampling) -> ChatModel:
    """The model, asked with these options too as far as its provider knows them; any other stays as it is."""
    if not sampling.options:
        return model
    if isinstance(model, FallbackChatModel):
        models = [sampled(one, sampling) for one in model.models]
        return FallbackChatModel(models, config_name=model.config_name)
    if isinstance(model, OpenAIChatModel | IntegratedChatModel):
        return model.with_options(sampling.options)
    return model
