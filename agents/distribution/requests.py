"""What callers and workers say to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.distribution.failures import Failure
from agents.model.response import Usage


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a worker on the same machine takes over from its caller: environment, folder, where modules are found."""

    variables: Mapping[str, str]
    folder: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Adopt:
    """Take over surroundings."""

    surroundings: Surroundings


@dataclass(frozen=True, slots=True)
class Listen:
    """Be reached at one more port."""

    port: int


@dataclass(frozen=True, slots=True)
class Create:
    """Make an agent: class and arguments as packed bytes, what `agents.init` takes, and its state where it had one."""

    agent_id: str
    blueprint: bytes
    settings: Mapping[str, Any]
    state: Mapping[str, Any] | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Release:
    """Forget an agent."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class Look:
    """Give the attribute at a dotted path."""

    agent_id: str
    path: str


@dataclass(frozen=True, slots=True)
class Invoke:
    """Call what stands at a dotted path below the agent; the agent itself for an empty one.

    `changes` says that the state may be another afterwards. Whoever counts what models take is known as `meter`; 0 is
    nobody. `trace` says where in the trace of the caller it belongs.
    """

    agent_id: str
    path: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    changes: bool = True
    meter: int = 0
    trace: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call, and the state it left; `version` orders the states of one agent."""

    value: Any = None
    failure: Failure | None = None
    state: Mapping[str, Any] | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Opaque:
    """In place of a value that is no data: it stays in the worker and is reached through its path."""

    kind: str
    is_callable: bool
    is_async: bool = False


@dataclass(frozen=True, slots=True)
class Spent:
    """A model call of the request took this."""

    usage: Usage
    model: str
    agent: str


@dataclass(frozen=True, slots=True)
class Acting:
    """The request has begun to use a tool, so that doing it again may do something twice."""


@dataclass(frozen=True, slots=True)
class Instead:
    """Which model to ask in place of the one that was meant, asked of whoever counts: None, or its number and it."""

    meter: int
    agent: str


@dataclass(frozen=True, slots=True)
class MaySpend:
    """Whether a model call may begin, asked of whoever counts."""

    meter: int
    agent: str
