"""What one attempt takes, told to the meters while it streams and corrected when the server has counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from agents.metering import is_metered, record
from agents.model.pricing import Price
from agents.model.response import ChatResponse, Usage

if TYPE_CHECKING:
    from agents.model.chat import ChatRequest

# Four letters a token is what tokenizers of current models come to in English prose.
LETTERS_PER_TOKEN = 4
# So often is often enough for a budget that is watched while a reply streams.
TOKENS_PER_RECORD = 16


class Tally:
    """Counts one attempt; what was told to the meters in the end is exactly the usage that `close` gives.

    Left without `close` after parts have come, what was asked and what came are counted as estimated: the provider
    charges for both.
    """

    def __init__(self, model: str, agent: str, price: Price | None, request: ChatRequest) -> None:
        self._model = model
        self._agent = agent
        self._price = price
        self._request = request
        self._told = Usage(calls=0)
        self._came = 0
        self._closed = False

    def came(self, response: ChatResponse) -> None:
        """The reply is as long as `response` now."""
        if not is_metered():
            self._came = 1
            return
        tokens = _output_tokens(response)
        self._came = max(1, tokens)
        if tokens - self._told.output_tokens >= TOKENS_PER_RECORD:
            self._tell(Usage(0, tokens, 0.0, self._cost(0, tokens), estimated=True))

    def close(self, response: ChatResponse, seconds: float) -> Usage:
        """The usage of the whole attempt, estimated where the server did not count."""
        self._closed = True
        counted = response.usage
        if counted is None:
            counted = Usage(input_tokens(self._request), _output_tokens(response), estimated=True)
        cost = counted.cost if counted.cost is not None else self._cost(counted.input_tokens, counted.output_tokens)
        usage = replace(counted, seconds=seconds, cost=cost)
        self._tell(usage)
        return usage

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._came and not self._closed and is_metered():
            asked = input_tokens(self._request)
            self._tell(Usage(asked, self._came, 0.0, self._cost(asked, self._came), estimated=True))

    def _tell(self, usage: Usage) -> None:
        """Tell the meters how `usage` differs from what they know."""
        told = self._told
        self._told = usage
        cost = None if usage.cost is None else usage.cost - (told.cost or 0.0)
        record(
            replace(
                usage,
                input_tokens=usage.input_tokens - told.input_tokens,
                output_tokens=usage.output_tokens - told.output_tokens,
                seconds=usage.seconds - told.seconds,
                cost=cost,
                calls=usage.calls - told.calls,
            ),
            model=self._model,
            agent=self._agent,
        )

    def _cost(self, asked: int, answered: int) -> float | None:
        return self._price.cost(asked, answered) if self._price else None


def tokens_in(text: str) -> int:
    """About how many tokens `text` has."""
    return (len(text) + LETTERS_PER_TOKEN - 1) // LETTERS_PER_TOKEN


def input_tokens(request: ChatRequest) -> int:
    """About how many tokens a request has, tools included."""
    said = sum(_letters(message.blocks) for message in request.messages)
    offered = sum(len(str(tool)) for tool in request.tools)
    return (said + offered) // LETTERS_PER_TOKEN


def _letters(blocks: Iterable[Any]) -> int:
    return sum(
        len(getattr(block, "text", None) or "") + len(str(getattr(block, "tool_kwargs", None) or ""))
        for block in blocks
    )


def _output_tokens(response: ChatResponse) -> int:
    letters = 0
    for block in response.content:
        match block["type"]:
            case "text":
                letters += len(block["text"])
            case "thinking":
                letters += len(block["thinking"])
            case "tool_use":
                letters += len(block["name"]) + len(block.get("raw_input") or str(block["input"]))
    return (letters + LETTERS_PER_TOKEN - 1) // LETTERS_PER_TOKEN
