"""API keys: who holds one, what it opens, and a digest in place of the key itself."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Row, String, Table, insert, or_, select, update

from knowledge.errors import UsageError
from serve.store.database import Database
from serve.store.schema import Id, Json, Moment, metadata, now

PREFIX = "rd_"
ID_BYTES = 4
SECRET_BYTES = 24
LONGEST_NAME = 100
USED_EVERY = timedelta(minutes=1)
NOBODYS = "0" * 64

keys = Table(
    "keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(LONGEST_NAME), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("scopes", Json, nullable=False),
    Column("roles", Json, nullable=False),
    Column("created", Moment, nullable=False),
    Column("expires", Moment),
    Column("revoked", Moment),
    Column("used", Moment),
)


@dataclass(frozen=True, slots=True)
class Key:
    """One key, without the part that opens anything. `prefix` is how it begins, and enough to tell it by."""

    id: str
    name: str
    scopes: frozenset[str]
    roles: frozenset[str]
    created: datetime
    expires: datetime | None = None
    revoked: datetime | None = None
    used: datetime | None = None

    @property
    def prefix(self) -> str:
        """How the key begins."""
        return PREFIX + self.id

    def opens_at(self, moment: datetime) -> bool:
        """Whether the key is neither revoked nor expired then."""
        return self.revoked is None and (self.expires is None or moment < self.expires)

    @property
    def state(self) -> str:
        """`active`, `revoked` or `expired`."""
        if self.revoked:
            return "revoked"
        return "active" if self.opens_at(now()) else "expired"


class Keys:
    """The table of keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(
        self, name: str, *, scopes: Iterable[str], roles: Iterable[str] = (), expires: datetime | None = None
    ) -> tuple[str, Key]:
        """A new key: the key itself, which is kept nowhere, and what is kept of it.

        Raises `UsageError` where a key that still opens something is called the same.
        """
        made = Key(secrets.token_hex(ID_BYTES), name, frozenset(scopes), frozenset(roles), now(), expires)
        whole = f"{made.prefix}_{secrets.token_hex(SECRET_BYTES)}"
        with self._database.writing() as connection:
            taken = connection.execute(select(keys).where(keys.c.name == name, keys.c.revoked.is_(None))).first()
            if taken is not None:
                raise UsageError(
                    f"A key called {name} is there already:", hint="revoke it first, or name this one else."
                )
            connection.execute(insert(keys).values(**_fields(made), digest=_digest(whole)))
        return whole, made

    def all(self) -> tuple[Key, ...]:
        """Every key that was ever made, oldest first."""
        with self._database.reading() as connection:
            return tuple(_key(row) for row in connection.execute(select(keys).order_by(keys.c.created)).all())

    def any(self) -> bool:
        """Whether a key was ever made."""
        with self._database.reading() as connection:
            return connection.execute(select(keys.c.id).limit(1)).first() is not None

    def any_open(self) -> bool:
        """Whether a key opens anything now."""
        return any(key.opens_at(now()) for key in self.all())

    def revoke(self, name: str) -> Key | None:
        """Close the key of this name, id or beginning for good; what is kept of it, None where it is not there."""
        called = or_(keys.c.name == name, keys.c.id == name.removeprefix(PREFIX))
        with self._database.writing() as connection:
            row = connection.execute(select(keys).where(called, keys.c.revoked.is_(None))).first()
            if row is None:
                return None
            connection.execute(update(keys).where(keys.c.id == row.id).values(revoked=now()))
            return _key(connection.execute(select(keys).where(keys.c.id == row.id)).one())

    def check(self, given: str) -> Key | None:
        """The key that was given, if it opens anything; the time it takes tells nothing about keys that exist."""
        # PostgreSQL refuses to look for a NUL.
        id = given.removeprefix(PREFIX).partition("_")[0].replace("\0", "")
        with self._database.reading() as connection:
            row = connection.execute(select(keys).where(keys.c.id == id)).one_or_none()
        same = hmac.compare_digest(row.digest if row else NOBODYS, _digest(given))
        if row is None or not same:
            return None
        key = _key(row)
        moment = now()
        if not key.opens_at(moment):
            return None
        if key.used is None or moment - key.used >= USED_EVERY:
            self._note_use(key, moment)
        return key

    def _note_use(self, key: Key, moment: datetime) -> None:
        with self._database.writing() as connection:
            connection.execute(update(keys).where(keys.c.id == key.id).values(used=moment))


def _digest(whole: str) -> str:
    # One round is enough: the key is random, so that there is nothing to guess faster.
    return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()


def _fields(key: Key) -> dict[str, Any]:
    fields = {name: getattr(key, name) for name in Key.__slots__}
    return fields | {"scopes": sorted(key.scopes), "roles": sorted(key.roles)}


def _key(row: Row[Any]) -> Key:
    fields = {name: row._mapping[name] for name in Key.__slots__}
    return Key(**{**fields, "scopes": frozenset(fields["scopes"]), "roles": frozenset(fields["roles"])})
