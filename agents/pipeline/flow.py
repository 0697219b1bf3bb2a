"""What flows from step to step: a message, several, or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any, TypeVar

from agents.message.msg import Msg, as_msg
from knowledge.errors import UsageError

Flow = Msg | list[Msg] | None
Given = Msg | str | Mapping[str, Any] | Sequence[Msg | str] | None
# Told of every message as the step that made it finishes.
Emit = Callable[[Msg], None]


def as_flow(value: object, *, name: str = "user") -> Flow:
    """What was given or returned, as messages: texts become what `name` says. Raises `UsageError` for anything else."""
    if value is None or isinstance(value, Msg):
        return value
    if isinstance(value, str | Mapping):
        return as_msg(value, name=name)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [as_msg(item, name=name) for item in value if item is not None]
    raise UsageError(
        f"{name} gave {type(value).__name__}, where a message or a text goes on to the next step:",
        hint="return a message, a text, a list of them, or nothing.",
    )


def messages_of(flow: Flow) -> list[Msg]:
    """The messages, in order."""
    if flow is None:
        return []
    return [flow] if isinstance(flow, Msg) else list(flow)


Copied = TypeVar("Copied", bound=Flow)


def copy_of(flow: Copied) -> Copied:
    """The same messages, under the same identities, sharing nothing that can be changed."""
    return deepcopy(flow)


def ignore(_: Msg) -> None:
    """Nobody listens to the messages as they come."""
