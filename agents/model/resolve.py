"""Which model is meant: an object, a name, or nothing."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from agents.model.chat import ChatModel
from knowledge.errors import UsageError

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

logger = logging.getLogger(__name__)


def as_model(value: ChatModel | LLM | str | None = None) -> ChatModel:
    """The model that `value` means.

    A text is a `config_name`, else a `model_name`, of the configurations in force; `UsageError` lists both where it
    is neither. None is the default model: that of `agents.init`, else of refdesk.yaml, else REFDESK_MODEL, else the
    extractive one, which answers offline too where that model runs elsewhere. An LLM of LlamaIndex is wrapped, and
    the face of a chat model is taken for the model behind it.
    """
    if isinstance(value, ChatModel):
        return value
    if value is None or isinstance(value, str):
        from agents.runtime import current

        runtime = current()
        model = runtime.models.default() if value is None else runtime.models.named(value)
        return _quoting(model) if value is None and runtime.offline and not model.is_local else model
    behind = getattr(value, "chat_model", None)
    if isinstance(behind, ChatModel):
        return behind
    if hasattr(value, "achat") and hasattr(value, "metadata"):
        from agents.model.llamaindex_chat import LlamaIndexChatModel  # takes LlamaIndex

        return LlamaIndexChatModel(value)
    raise UsageError(
        f"A model is a ChatModel, an LLM of LlamaIndex or the name of a configuration, found {type(value).__name__}."
    )


def _quoting(model: ChatModel) -> ChatModel:
    """What answers offline in place of a default model that runs elsewhere."""
    from agents.model.extractive_chat import ExtractiveChatModel

    logger.warning("Offline: %s at %s is not asked; answers are quoted.", model.model_name, model.host)
    return ExtractiveChatModel()
