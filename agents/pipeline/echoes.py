"""Answers given while one hears: who hears its own words again, and answers them, would never come to an end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType

from knowledge.errors import UsageError

# So many messages may answer one another while each is still being heard, and so many for each participant in all.
DEEPEST = 20


@dataclass(slots=True)
class Chain:
    """What came of one message in one hub: how many answers so far, and whether it is still being heard."""

    answers: int = 0
    heard: bool = True


@dataclass(frozen=True, slots=True)
class Link:
    """Where a message stands in its chain."""

    chain: Chain
    depth: int


_LINKS: ContextVar[Mapping[int, Link]] = ContextVar("hub_links", default=MappingProxyType({}))


@contextmanager
def telling(hub: object, name: str, participants: int) -> Iterator[None]:
    """Within it a message is told in `hub`; raises `UsageError` where it is one too many of a chain of answers.

    A task that outlives the hearing in which it was started begins a chain of its own.
    """
    before = _LINKS.get().get(id(hub))
    if before is not None and before.chain.heard:
        link = Link(before.chain, before.depth + 1)
        link.chain.answers += 1
    else:
        link = Link(Chain(), 0)
    if link.depth > DEEPEST or link.chain.answers > DEEPEST * (participants + 1):
        raise UsageError(
            f"In {name} participants answer what they hear while they hear it, {link.chain.answers} times by now:",
            hint="say it in `reply`, or let `observe` pass over what the agent itself has said or has answered.",
        )
    token = _LINKS.set({**_LINKS.get(), id(hub): link})
    try:
        yield
    finally:
        _LINKS.reset(token)
        if link.depth == 0:
            link.chain.heard = False
