"""Who calls, by name, by what they may read and by what they may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from knowledge.types import Reader

Kind = Literal["visitor", "key", "local", "staff"]

SCOPES: Mapping[str, str] = {
    "chat": "hold conversations, and read one's own",
    "ask": "ask a question without a conversation, and use the endpoints for programs",
    "search": "search passages, list banks and embed texts",
    "documents:read": "list and read the documents of banks",
    "documents:write": "upload and delete documents",
    "conversations:read": "read everybody's conversations",
    "inbox": "answer conversations that were handed over",
    "admin": "read the audit log, and export or delete what is kept of a person",
}
EVERYTHING = frozenset(SCOPES)
VISITOR_SCOPES = frozenset({"chat"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request. `id` owns what the caller makes, conversations for one; no two kinds share an id.

    A person at a fresh install is `local`, with the id of their visitor's cookie where they have one. `address` is
    where the request comes from, behind the proxies that are trusted; `session` and `name` are those of somebody of
    the staff who has signed in.
    """

    kind: Kind
    id: str
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = VISITOR_SCOPES
    address: str = ""
    session: str = ""
    name: str = ""

    @property
    def is_known(self) -> bool:
        """Whether somebody has vouched for the caller, by a key or an account."""
        return self.kind in ("key", "staff")

    def may(self, scope: str) -> bool:
        """Whether the caller has this scope."""
        return scope in self.scopes

    @property
    def reader(self) -> Reader:
        """As whom the caller reads banks."""
        return Reader(self.roles)
