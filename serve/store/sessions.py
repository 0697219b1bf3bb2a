"""Sessions of staff: who signed in until when, and a digest in place of what their browser keeps."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Index, Row, String, Table, delete, func, insert, or_, select, update

from serve.store.database import Database
from serve.store.schema import Id, Json, Moment, metadata, now

ID_BYTES = 4
TOKEN_BYTES = 32

sessions = Table(
    "sessions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("issuer", String, nullable=False),
    Column("subject", String(100), nullable=False),
    Column("name", String(300), nullable=False),
    Column("email", String(300), nullable=False),
    Column("groups", Json, nullable=False),
    Column("created", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("ended", Moment),
    Index(None, "digest", unique=True),
    Index(None, "expires"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the staff, as the provider `issuer` knows them; `subject` is their id here, and stays the same.

    `email` is empty unless the provider has verified it.
    """

    issuer: str
    subject: str
    name: str
    email: str = ""
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class StaffSession:
    """Somebody signed in."""

    id: str
    person: Person
    created: datetime
    expires: datetime
    ended: datetime | None = None

    def holds_at(self, moment: datetime) -> bool:
        """Whether it is neither over nor revoked then."""
        return self.ended is None and moment < self.expires


class Sessions:
    """The table of sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, person: Person, *, lasts: timedelta) -> tuple[str, StaffSession]:
        """A new session: the token that the browser keeps, which is kept nowhere here, and what is kept of it."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        moment = now()
        made = StaffSession(secrets.token_hex(ID_BYTES), person, moment, moment + lasts)
        values = {
            "id": made.id,
            "digest": _digest(token),
            "issuer": person.issuer,
            "subject": person.subject,
            "name": person.name,
            "email": person.email,
            "groups": sorted(person.groups),
            "created": made.created,
            "expires": made.expires,
        }
        with self._database.writing() as connection:
            connection.execute(insert(sessions).values(**values))
        return token, made

    def check(self, token: str) -> StaffSession | None:
        """The session that this token opens, if it still holds. How long a digest is looked for tells nothing."""
        with self._database.reading() as connection:
            row = connection.execute(select(sessions).where(sessions.c.digest == _digest(token))).one_or_none()
        found = _session(row) if row else None
        return found if found and found.holds_at(now()) else None

    def find(self, id: str) -> StaffSession | None:
        """The session called `id`, whether it holds or not."""
        with self._database.reading() as connection:
            row = connection.execute(select(sessions).where(sessions.c.id == id)).one_or_none()
        return _session(row) if row else None

    def open(self) -> tuple[StaffSession, ...]:
        """Those that hold, the latest first."""
        wanted = select(sessions).where(sessions.c.ended.is_(None), sessions.c.expires > now())
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(sessions.c.created.desc())).all()
        return tuple(_session(row) for row in rows)

    def end(self, who: Iterable[str]) -> tuple[StaffSession, ...]:
        """End for good those sessions that have one of these ids or whose person has this e-mail address or id."""
        named = list(who)
        addresses = [one.lower() for one in named]
        whose = or_(
            sessions.c.id.in_(named), func.lower(sessions.c.email).in_(addresses), sessions.c.subject.in_(named)
        )
        holding = whose & sessions.c.ended.is_(None) & (sessions.c.expires > now())
        with self._database.writing() as connection:
            rows = connection.execute(select(sessions).where(holding)).all()
            ids = [row.id for row in rows]
            connection.execute(update(sessions).where(sessions.c.id.in_(ids)).values(ended=now()))
        return tuple(_session(row) for row in rows)

    def forget(self, *, before: datetime) -> int:
        """Delete those that were over before; how many that were."""
        with self._database.writing() as connection:
            return connection.execute(delete(sessions).where(sessions.c.expires < before)).rowcount


def _digest(token: str) -> str:
    # One round is enough: the token is random, so that there is nothing to guess faster.
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _session(row: Row[Any]) -> StaffSession:
    person = Person(row.issuer, row.subject, row.name, row.email, frozenset(row.groups))
    return StaffSession(row.id, person, row.created, row.expires, row.ended)
