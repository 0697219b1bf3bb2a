"""Models behind OpenAI's protocol: at OpenAI, or at any server that speaks it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from agents.model.addresses import endpoint, is_this_machine, needs_key
from agents.model.chat import CONTEXT_WINDOW, ChatModel, ChatRequest
from agents.model.failures import ModelIdentity, broken_off, refusal, timed_out, unreachable, unreadable
from agents.model.openai_events import events, said, status_of, words
from agents.model.openai_wire import Accumulated, from_completion, to_body
from agents.model.pricing import Price
from agents.model.response import ChatResponse
from agents.model.retrying import RetryPolicy
from agents.model.spec import OPENAI, ModelSpec
from agents.model.windows import window_of

if TYPE_CHECKING:
    import aiohttp

    from agents.model.aiohttp_connections import Connections

COMPLETIONS = "/chat/completions"
DONE = "[DONE]"
# Models of OpenAI that reason draw their words as they like, and call the length of a reply otherwise.
REASONING = re.compile(r"(o\d|gpt-[5-9])")
# What a server that does not stream sends, whatever it was asked for; other kinds are read as events.
WHOLE = ("application/json", "text/html")


class OpenAIChatModel(ChatModel):
    """A model behind OpenAI's protocol.

    Without `base_url` it runs where OPENAI_BASE_URL says, else at OpenAI. Without `api_key` it uses OPENAI_API_KEY
    at the address that belongs to it, and none elsewhere. `timeout` is the longest silence of the server, in seconds;
    without it, `retry` says how long each attempt may be unanswered. `generate_kwargs` goes into every request as it
    is. One object serves any number of event loops and threads; connections are kept for each loop. Raises
    `ConfigError` for an address that is none.
    """

    provider = "openai"
    address = OPENAI

    def __init__(
        self,
        model_name: str,
        api_key: str | None = None,
        *,
        stream: bool = True,
        base_url: str | None = None,
        config_name: str | None = None,
        organization: str | None = None,
        reasoning_effort: str | None = None,
        client_args: Mapping[str, Any] | None = None,
        generate_kwargs: Mapping[str, Any] | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        timeout: float | None = None,
        context_window: int | None = None,
        function_calling: bool = True,
        retry: RetryPolicy | None = None,
        price: Price | None = None,
    ) -> None:
        super().__init__(
            model_name,
            config_name=config_name,
            stream=stream,
            retry=retry,
            price=price,
            context_window=context_window or window_of(model_name) or CONTEXT_WINDOW,
            function_calling=function_calling,
        )
        client = dict(client_args or {})
        self._endpoint = endpoint(
            self.provider, self.address, base_url=base_url or client.pop("base_url", None), api_key=api_key
        )
        silence = client.pop("timeout", timeout)
        self._timeout = None if silence is None else float(silence)
        self._headers = dict(client.pop("default_headers", {}))
        if organization := organization or client.pop("organization", None):
            self._headers["OpenAI-Organization"] = organization
        given = {"temperature": temperature, "max_tokens": max_tokens, "reasoning_effort": reasoning_effort}
        self._options = {name: value for name, value in given.items() if value is not None}
        self._options |= generate_kwargs or {}
        if self._reasons:
            _fit_reasoning(self._options)

    @classmethod
    def from_spec(cls, spec: ModelSpec, *, stream: bool = False) -> OpenAIChatModel:
        """The model that `spec` describes, with the key of the spec and no other."""
        model = cls(
            spec.name,
            spec.api_key,
            base_url=spec.base_url,
            stream=stream,
            temperature=spec.temperature,
            max_tokens=spec.max_tokens,
            timeout=spec.timeout,
            context_window=(window_of(spec.name) if spec.base_url == OPENAI else None) or spec.context_window,
            function_calling=spec.function_calling,
            retry=RetryPolicy(attempts=spec.retries + 1),
        )
        model._endpoint = replace(model._endpoint, api_key=spec.api_key)
        return model

    def with_options(self, options: Mapping[str, Any]) -> Self:
        """The same model over the same connections, asked with these options of the protocol too."""
        other = copy(self)
        other.__dict__.pop("llm", None)
        other.__dict__["_connections"] = self._connections
        other._options = {**self._options, **options}
        if self._reasons:
            _fit_reasoning(other._options)
        return other

    @property
    def _reasons(self) -> bool:
        return self.provider == "openai" and bool(REASONING.match(self.model_name.rpartition("/")[2]))

    @property
    def base_url(self) -> str:
        """The address."""
        return self._endpoint.base_url

    @property
    def host(self) -> str:
        """Host and port."""
        return self._endpoint.host

    @property
    def is_local(self) -> bool:
        """Whether its address is of this machine."""
        return is_this_machine(self.base_url)

    @property
    def follows_schemas(self) -> bool:
        """OpenAI's protocol has `response_format`; a server that knows no such thing refuses or ignores it."""
        return True

    @cached_property
    def identity(self) -> ModelIdentity:
        """How errors name it."""
        at = self._endpoint
        return ModelIdentity(self.model_name, self.host, bool(at.api_key), at.key_name, at.url_name)

    @cached_property
    def _connections(self) -> Connections:
        from agents.model.aiohttp_connections import Connections  # takes a quarter of a second

        key = {"Authorization": f"Bearer {self._endpoint.api_key}"} if self._endpoint.api_key else {}
        return Connections(self.base_url, headers={**key, **self._headers})

    async def answers(self, request: ChatRequest) -> AsyncGenerator[ChatResponse, None]:
        """The reply, piece by piece where it streams."""
        import aiohttp  # for its errors

        if (refused := needs_key(self._endpoint, self.address, self.model_name)) is not None:
            raise refused
        body = to_body(request, model=self.model_name, stream=self.stream, options=self._options)
        silence = request.patience.seconds(self._timeout)
        try:
            async with self._connections.post(COMPLETIONS, body, silence=silence) as response:
                await self._check(response)
                if self.stream and response.content_type not in WHOLE:
                    async for part in self._pieces(response):
                        yield part
                else:
                    yield self._whole(await response.read())
        except TimeoutError as error:
            raise timed_out(self.identity) from error
        except aiohttp.ClientConnectorError as error:
            raise unreachable(self.identity) from error
        except (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError, ConnectionError) as error:
            raise broken_off(self.identity) from error
        except aiohttp.ClientError as error:
            raise unreadable(self.identity, str(error) or type(error).__name__) from error

    async def _check(self, response: aiohttp.ClientResponse) -> None:
        if response.status != 200:
            told = words(await response.read()) or str(response.reason or "")
            raise refusal(self.identity, response.status, told, response.headers)

    def _whole(self, raw: bytes) -> ChatResponse:
        try:
            return from_completion(json.loads(raw))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise unreadable(self.identity, "it is not JSON") from error
        except (ValueError, TypeError, AttributeError) as error:
            raise unreadable(self.identity, str(error)) from error

    async def _pieces(self, response: aiohttp.ClientResponse) -> AsyncIterator[ChatResponse]:
        reply, done = Accumulated(), False
        async for data in events(response):
            if data == DONE:
                done = True
                break
            if self._adds(reply, self._event(data)):
                yield reply.response()
        if not (done or reply.finished):
            raise broken_off(self.identity)
        yield reply.response()

    def _adds(self, reply: Accumulated, event: dict[str, Any]) -> bool:
        try:
            return reply.add(event)
        except (AttributeError, TypeError, ValueError) as error:
            raise unreadable(self.identity, "a piece of it is of another form") from error

    def _event(self, data: str) -> dict[str, Any]:
        try:
            event = json.loads(data)
        except ValueError as error:
            raise unreadable(self.identity, "a piece of it is not JSON") from error
        if not isinstance(event, dict):
            raise unreadable(self.identity, "a piece of it is no object")
        if event.get("error"):
            raise refusal(self.identity, status_of(event["error"]), said(event["error"]), {})
        return event


def _fit_reasoning(options: dict[str, Any]) -> None:
    for name in ("temperature", "top_p"):
        options.pop(name, None)
    if "max_tokens" in options:
        options["max_completion_tokens"] = options.pop("max_tokens")
