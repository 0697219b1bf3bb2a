"""Which language model answers, and where it runs. Naming one is the only way to turn a model on."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from knowledge.errors import ConfigError

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

    from agents.model.configs import ModelConfig

OPENAI = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model behind OpenAI's protocol, at OpenAI or at any server that speaks it.

    `function_calling` says whether it takes tools; without it the agent reasons in text. `chat` is off for a
    server that only completes prompts. `context_window` counts the model's tokens. `timeout` is the longest silence
    of the server in one attempt, in seconds; without it all attempts fit into 100 s. `retries` come on top of the
    first attempt, honouring Retry-After. `config` is the entry under `models:` that describes it fully, whatever its
    protocol.
    """

    name: str
    base_url: str = OPENAI
    api_key: str | None = field(default=None, repr=False)
    function_calling: bool = True
    chat: bool = True
    context_window: int = 32_000
    max_tokens: int | None = None
    temperature: float = 0.0
    timeout: float | None = None
    retries: int = 2
    config: ModelConfig | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Raises `ConfigError` unless `base_url` is an HTTP address."""
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(
                f"{self.base_url!r} is not the address of a model server:",
                hint="write it as http://127.0.0.1:8080/v1.",
            )

    @property
    def host(self) -> str:
        """Host and port as people see them; user names and passwords in the address are left out."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]

    @property
    def is_local(self) -> bool:
        """Whether the model runs on this machine, so that nothing leaves it."""
        hostname = urlsplit(self.base_url).hostname or ""
        try:
            return ip_address(hostname).is_loopback
        except ValueError:
            return hostname == "localhost"


def open_model(spec: ModelSpec) -> LLM:
    """The model as a LlamaIndex LLM; connects to nothing yet, and keeps its connections for the loops that use it.

    Calls are counted, retried and traced. Its failures are `ModelError`.
    """
    if spec.config is not None:
        from agents.model.opening import open_chat_model

        return open_chat_model(spec.config).llm
    if not spec.chat:
        from agents.model.openai_llm import open_completing_model  # LlamaIndex takes a second to import

        return open_completing_model(spec)
    from agents.model.openai_chat import OpenAIChatModel

    return OpenAIChatModel.from_spec(spec).llm
