"""Models of providers for which LlamaIndex has an integration, which is imported when one is made."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, Mapping
from copy import copy
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Self

from agents.exceptions import IntegrationMissing
from agents.model.addresses import Endpoint, is_this_machine, needs_key
from agents.model.chat import ChatModel, ChatRequest
from agents.model.failures import ModelIdentity
from agents.model.llamaindex_chat import LlamaIndexChatModel
from agents.model.per_loop import PerLoop
from agents.model.pricing import Price
from agents.model.response import ChatResponse
from agents.model.retrying import RetryPolicy

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

NO_KEY = "no-key"
# Between the pieces of a reply; how long the first of them may take is a matter of the attempt.
SILENCE = 60.0


class IntegratedChatModel(LlamaIndexChatModel):
    """A model of one provider through LlamaIndex's integration, one LLM for each event loop.

    `window` is its context window unless `context_window` is given. Raises `IntegrationMissing` that names the command
    where the integration is not installed.
    """

    packages: tuple[str, ...] = ()
    module = ""
    address = ""

    def __init__(
        self,
        model_name: str,
        at: Endpoint,
        *,
        stream: bool,
        window: int,
        config_name: str | None = None,
        context_window: int | None = None,
        function_calling: bool = True,
        generate_kwargs: Mapping[str, Any] | None = None,
        max_tokens: int | None = None,
        price: Price | None = None,
        retry: RetryPolicy | None = None,
        temperature: float | None = None,
        timeout: float | None = None,
    ) -> None:
        if not _is_installed(self.module):
            wanted = " ".join(f'"{package}"' for package in self.packages)
            raise IntegrationMissing(
                f"{type(self).__name__} needs a package that is not installed:", hint=f"pip install {wanted}"
            )
        ChatModel.__init__(
            self,
            model_name,
            config_name=config_name,
            stream=stream,
            retry=retry,
            price=price,
            context_window=context_window or window,
            function_calling=function_calling,
        )
        self.timeout = timeout
        self.temperature = temperature
        self.max_tokens = max_tokens
        self.generate_kwargs = dict(generate_kwargs or {})
        self._at = at
        self._wanted: Mapping[str, Any] = {}
        self._clients: PerLoop[LLM] = PerLoop(self.open, type(self).close)

    @abstractmethod
    def open(self) -> LLM:
        """The LLM of LlamaIndex, without retries of its own."""

    @staticmethod
    @abstractmethod
    async def close(llm: LLM) -> None:
        """End its connections."""

    @abstractmethod
    def drawing(self, llm: Any, wanted: Mapping[str, Any]) -> LLM:
        """A copy of its LLM over the same connections, asked with what of `wanted` the provider knows.

        `wanted` holds options as OpenAI's protocol names them, each within the bounds of that protocol.
        """

    def with_options(self, options: Mapping[str, Any]) -> Self:
        """The same model over the same connections, asked with these options of OpenAI's protocol too."""
        other = copy(self)
        other.__dict__.pop("llm", None)
        other._wanted = {**self._wanted, **options}
        return other

    @property
    def silence(self) -> float:
        """The longest silence that its client bears, in seconds."""
        return SILENCE if self.timeout is None else self.timeout

    @property
    def base_url(self) -> str:
        """The address."""
        return self._at.base_url

    @property
    def api_key(self) -> str:
        """The key, or what stands for none."""
        return self._at.api_key or NO_KEY

    @property
    def host(self) -> str:
        """Host and port."""
        return self._at.host

    @property
    def is_local(self) -> bool:
        """Whether its address is of this machine."""
        return is_this_machine(self._at.base_url)

    @cached_property
    def identity(self) -> ModelIdentity:
        """How errors name it."""
        at = self._at
        return ModelIdentity(self.model_name, self.host, bool(at.api_key), at.key_name, at.url_name)

    @cached_property
    def llm(self) -> LLM:
        """This model as a LlamaIndex LLM: metered, retried and traced like every other call."""
        from agents.model.llm_face import ChatModelLLM  # LlamaIndex takes a second to import

        return ChatModelLLM(self)

    async def native(self) -> LLM:
        """The integration's LLM for the running loop."""
        llm = await self._clients.get()
        return self.drawing(llm, self._wanted) if self._wanted else llm

    async def answers(self, request: ChatRequest) -> AsyncGenerator[ChatResponse, None]:
        """What the provider says, streamed where it is asked so."""
        if (refused := needs_key(self._at, self.address, self.model_name)) is not None:
            raise refused
        async for part in super().answers(request):
            yield part


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
