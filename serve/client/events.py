"""Server-sent events, as they come in lines, and what the service means by them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from serve.client.failures import refusal
from serve.client.results import Answer, Delta, Job, Message, Progress, parsed

BROKEN_OFF = 502


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event: its name and what it says."""

    name: str
    data: Mapping[str, Any]


class EventLines:
    """Puts events together from lines."""

    def __init__(self) -> None:
        self._name = ""
        self._data: list[str] = []

    def take(self, line: str) -> ServerEvent | None:
        """The event that ends with this line, if one does."""
        if not line:
            event = ServerEvent(self._name or "message", json.loads("\n".join(self._data))) if self._data else None
            self._name, self._data = "", []
            return event
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
        return None


def answer_event(event: ServerEvent) -> tuple[Progress | Delta | Answer, ...]:
    """What an event of `ask` says, if anything; raises `ServiceRefused` for a failure."""
    match event.name:
        case "progress":
            return (parsed(Progress, event.data),)
        case "delta":
            return (parsed(Delta, event.data),)
        case "answer":
            return (parsed(Answer, event.data),)
    raise_failure(event)
    return ()


def turn_event(event: ServerEvent) -> tuple[Progress | Delta | Message, ...]:
    """What an event of a turn says, if anything, the answer as a message; raises `ServiceRefused` for a failure."""
    match event.name:
        case "progress":
            return (parsed(Progress, event.data),)
        case "delta":
            return (parsed(Delta, event.data),)
        case "answer":
            return (parsed(Message, event.data["message"]),)
    raise_failure(event)
    return ()


def job_event(event: ServerEvent) -> tuple[Job, ...]:
    """The state of a job, if the event tells it."""
    raise_failure(event)
    return (parsed(Job, event.data),) if event.name == "progress" else ()


def raise_failure(event: ServerEvent) -> None:
    """Raises `ServiceRefused` where the event is a failure."""
    if event.name == "error":
        raise refusal(BROKEN_OFF, event.data)
