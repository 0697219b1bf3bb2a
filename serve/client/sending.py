"""What both clients share: how a call becomes a request, and a response a result."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import httpx

from serve.client.failures import ServiceUnreachable, refusal
from serve.client.operations import Call
from serve.client.results import Delta, Message, Progress

ADDRESS = "http://127.0.0.1:8080"
# An answer may take a while before its first byte; whoever streams hears something every quarter of a minute.
TIMEOUT = httpx.Timeout(10.0, read=130.0)


def headers(key: str | None) -> dict[str, str]:
    """What every request says of its sender."""
    return {"Authorization": f"Bearer {key}"} if key else {}


def request_of(call: Call[Any], sent: dict[str, str]) -> dict[str, Any]:
    """The arguments with which httpx makes the request."""
    accepted = "text/event-stream" if call.streams else "application/json"
    arguments: dict[str, Any] = {
        "method": call.method,
        "url": call.path,
        "headers": sent | {"Accept": accepted},
        "params": dict(call.query),
    }
    if call.files:
        arguments["files"] = list(call.files)
    elif call.body is not None:
        arguments["json"] = dict(call.body)
    return arguments


def checked(response: httpx.Response) -> Any:
    """What a response holds; raises `ServiceRefused` unless it is a success."""
    try:
        body = response.json() if response.content else None
    except ValueError:
        if response.is_success:
            raise ServiceUnreachable(
                f"{response.url} answers with something else than a service of Refdesk:", hint="check the address."
            ) from None
        body = None
    if not response.is_success:
        raise refusal(response.status_code, body, response.headers.get("Retry-After"))
    return body


def last(told: Iterable[Progress | Delta | Message]) -> Message:
    """The answer at the end of a turn; raises `ServiceUnreachable` where the connection broke before."""
    answer = next((one for one in reversed(list(told)) if isinstance(one, Message)), None)
    if answer is None:
        raise ServiceUnreachable("The answer broke off:", hint="read the conversation again; it may be there by now.")
    return answer
