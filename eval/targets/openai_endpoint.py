"""Any server that speaks OpenAI's chat protocol, ours or another's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from time import perf_counter
from typing import Any

import httpx
import openai
from pydantic import BaseModel, ValidationError

from eval.cases import Case
from eval.observation import Observation
from eval.targets.chat_reply import ChatReply
from eval.targets.marks import citation_hits, said
from eval.targets.price import Price
from eval.targets.target import TargetFailed, TargetUnreachable
from eval.wrong_field import wrong_field

UNUSED_KEY = "no-key"
# No other question would fare better.
UNREACHABLE = (openai.APIConnectionError, openai.AuthenticationError, openai.NotFoundError)
NO_SUCH_PATH = " Is the model's name right, and does the address end in /v1?"


class EndpointTarget:
    """Asks the model `model` at `url`, whose path ends in /v1 as a rule.

    Citations are taken from what Refdesk adds, from `citations` of the message or the reply, else from the message's
    annotations. With `local`, no proxy is used.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        api_key: str | None = None,
        price: Price | None = None,
        timeout: float = 120.0,
        seed: int = 0,
        local: bool = False,
    ) -> None:
        self._url, self._model, self._price, self._seed = url, model, price, seed
        http = httpx.Client(timeout=timeout, trust_env=not local, follow_redirects=False)
        self._client = openai.OpenAI(
            base_url=url, api_key=api_key or UNUSED_KEY, timeout=timeout, max_retries=2, http_client=http
        )

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def describe(self) -> Mapping[str, Any]:
        """Address, model, price and seed; what stands behind them is not known."""
        price = asdict(self._price) if self._price else None
        return {"kind": "endpoint", "url": self._url, "model": self._model, "price": price, "seed": self._seed}

    def observe(self, case: Case) -> Observation:
        """The server's reply; raises `TargetFailed` where there is none, `TargetUnreachable` where nobody answers."""
        messages: list[Any] = [{"role": turn.role, "content": turn.text} for turn in case.history]
        messages.append({"role": "user", "content": case.question})
        started = perf_counter()
        try:
            reply = self._client.chat.completions.create(
                model=self._model, messages=messages, temperature=0.0, seed=self._seed
            )
        except (openai.OpenAIError, json.JSONDecodeError) as error:  # the client passes on what is no JSON
            kind = TargetUnreachable if isinstance(error, UNREACHABLE) else TargetFailed
            raise kind(f"{self._model} at {self._url} failed: {reason(error)}") from error
        seconds = perf_counter() - started
        try:
            read = ChatReply.model_validate(_as_sent(reply))
        except ValidationError as error:
            name, words = wrong_field(error)
            raise TargetFailed(
                f"{self._model} at {self._url} sent no chat completion: {f'`{name}`: ' if name else ''}{words}."
            ) from error
        return self._observed(read, seconds)

    def _observed(self, reply: ChatReply, seconds: float) -> Observation:
        text, told = reply.text, reply.told
        citations = citation_hits(told.get("citations")) or citation_hits(told.get("annotations"))
        tokens_in, tokens_out = reply.tokens
        return said(
            text,
            citations,
            told,
            seconds=seconds,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            cost=self._price.of(tokens_in, tokens_out) if self._price else None,
            model=reply.model,
        )


def _as_sent(reply: Any) -> Any:
    """What the client made an object of without a check, as the server sent it."""
    return reply.model_dump(exclude_unset=True, warnings=False) if isinstance(reply, BaseModel) else reply


def reason(error: Exception) -> str:
    """Why a call failed, in one line: the server's own words, where it sent any."""
    if isinstance(error, json.JSONDecodeError):
        return f"it sent invalid JSON: {error}."
    if isinstance(error, openai.APIConnectionError) and not isinstance(error, openai.APITimeoutError):
        return f"it cannot be reached ({error.__cause__ or error})."
    if not isinstance(error, openai.APIStatusError):
        return (str(error).strip() or type(error).__name__).splitlines()[0]
    body: Any = error.body
    told = body.get("message") if isinstance(body, Mapping) else None
    words = f" ({told.strip().splitlines()[0]})" if isinstance(told, str) and told.strip() else ""
    hint = NO_SUCH_PATH if error.status_code == httpx.codes.NOT_FOUND else ""
    return f"it answered {error.status_code}{words}.{hint}"
