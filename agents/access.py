"""Which restricted passages stand behind a message: an agent never hears what it may not read.

Whatever reads passages for an agent notes their access here, and the agent writes it on what it says
(`metadata["access"]`: a list of lists of roles). A hub passes a message on only to those who may read every one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from agents.message.msg import Msg
from knowledge.types import PUBLIC, Reader

KEY = "access"
Access = frozenset[frozenset[str]]
# Task-local by design: what one turn reads is noted with this turn, in every task and thread that it starts.
_READ: ContextVar[set[frozenset[str]] | None] = ContextVar("read", default=None)


@contextmanager
def noting_access(into: set[frozenset[str]] | None = None) -> Iterator[set[frozenset[str]]]:
    """Within, collects the access of everything restricted that is read, in `into` where that is given."""
    read = set() if into is None else into
    token = _READ.set(read)
    try:
        yield read
    finally:
        _READ.reset(token)


def note_access(allowed: Iterable[frozenset[str]]) -> None:
    """Note the roles that may read each passage that was read; what is public restricts nothing."""
    read = _READ.get()
    if read is not None:
        read.update(allow for allow in allowed if PUBLIC not in allow)


def access_of(msg: Msg) -> Access:
    """The access of what stands behind a message."""
    return frozenset(frozenset(roles) for roles in msg.metadata.get(KEY, ()))


def mark(msg: Msg, access: Iterable[frozenset[str]]) -> Msg:
    """Write on `msg` the access of what stands behind it; gives `msg` back."""
    if found := access_of(msg) | frozenset(access):
        msg.metadata[KEY] = sorted(sorted(roles) for roles in found)
    return msg


def may_hear(reader: Reader, msg: Msg) -> bool:
    """Whether this reader may read everything that stands behind the message."""
    return all(reader.may_read(allow) for allow in access_of(msg))
