"""Any server that speaks OpenAI's chat protocol, ours or another's."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any

import httpx
import openai

from eval.cases import Case
from eval.observation import Observation
from eval.targets.marks import citation_hits, cited_sentences, says_nothing
from eval.targets.price import Price
from eval.targets.target import TargetFailed

UNUSED_KEY = "no-key"


class EndpointTarget:
    """Asks the model `model` at `url`, whose path ends in /v1 as a rule.

    Citations are taken from `citations` of the message or the reply, else from the message's annotations. With
    `local`, no proxy is used.
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
        """Address, model and seed; what stands behind them is not known."""
        return {"kind": "endpoint", "url": self._url, "model": self._model, "seed": self._seed}

    def observe(self, case: Case) -> Observation:
        """The server's reply; raises `TargetFailed` where there is none."""
        messages: list[Any] = [{"role": turn.role, "content": turn.text} for turn in case.history]
        messages.append({"role": "user", "content": case.question})
        started = perf_counter()
        try:
            reply = self._client.chat.completions.create(
                model=self._model, messages=messages, temperature=0.0, seed=self._seed
            )
        except openai.OpenAIError as error:
            raise TargetFailed(f"{self._model} at {self._url} failed: {_first_line(error)}") from error
        if not getattr(reply, "choices", None):
            raise TargetFailed(f"{self._model} at {self._url} sent a reply without choices.")
        return self._observed(reply, perf_counter() - started)

    def _observed(self, reply: Any, seconds: float) -> Observation:
        message = reply.choices[0].message
        text = message.content or ""
        told = {**(reply.model_extra or {}), **(message.model_extra or {})}
        citations = citation_hits(told.get("citations")) or citation_hits(told.get("annotations"))
        abstained = bool(told.get("abstained", says_nothing(text)))
        confidence = told.get("confidence")
        tokens_in = reply.usage.prompt_tokens if reply.usage else 0
        tokens_out = reply.usage.completion_tokens if reply.usage else 0
        return Observation(
            text=text,
            sentences=() if abstained else cited_sentences(text, citations),
            abstained=abstained,
            confidence=float(confidence) if isinstance(confidence, int | float) else None,
            seconds=seconds,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            cost=self._price.of(tokens_in, tokens_out) if self._price else None,
            model=str(reply.model),
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
