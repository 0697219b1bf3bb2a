"""What every chat model of a provider may be given beside its name and key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from agents.model.pricing import Price
    from agents.model.retrying import RetryPolicy


class ChatOptions(TypedDict, total=False):
    """Options that all of them share.

    `timeout` is the longest silence of the server in seconds; without it, `retry` says how long each attempt may be
    unanswered. `context_window` counts tokens. `generate_kwargs` goes into every request as it is. `price` is looked
    up by the model's name unless it is given.
    """

    config_name: str | None
    context_window: int | None
    function_calling: bool
    generate_kwargs: Mapping[str, Any] | None
    price: Price | None
    retry: RetryPolicy | None
    temperature: float | None
    timeout: float | None


class ServerOptions(ChatOptions, total=False):
    """And those of servers that speak OpenAI's protocol; `client_args` are as OpenAI's own client names them."""

    client_args: Mapping[str, Any] | None
    max_tokens: int | None
    organization: str | None
    reasoning_effort: str | None
