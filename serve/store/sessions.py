"""Sessions of staff: who signed in until when, and a digest in place of what their browser keeps.

Beside them stands which tokens of a provider have ended some, as each does so once.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Index,
    Row,
    String,
    Table,
    delete,
    false,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from knowledge.errors import RefdeskError
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
    # What the provider calls its own session, where it says so.
    Column("provider_session", String(64), nullable=False, server_default=""),
    Index(None, "digest", unique=True),
    Index(None, "expires"),
)
logout_tokens = Table(
    "logout_tokens",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("expires", Moment, nullable=False),
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


@dataclass(frozen=True, slots=True)
class EndedElsewhere:
    """What a provider has ended: its `session`, or all of a person here called `subject`.

    `token` is the name of what says so, which is believed until it `expires`.
    """

    issuer: str
    token: str
    expires: datetime
    subject: str = ""
    session: str = ""


class ToldBefore(RefdeskError):
    """A token ends sessions once; whoever sends it again is not the provider."""


class Sessions:
    """The table of sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, person: Person, *, lasts: timedelta, within: str = "") -> tuple[str, StaffSession]:
        """A new session: the token that the browser keeps, which is kept nowhere here, and what is kept of it.

        It lies `within` a session of the provider that the provider calls so.
        """
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
            "provider_session": _digest(within) if within else "",
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
        with self._database.writing() as connection:
            return _ended(connection, whose)

    def end_as_told(self, told: EndedElsewhere) -> tuple[StaffSession, ...]:
        """End what the provider has ended. Raises `ToldBefore` where it has said so by the same token already."""
        inside = sessions.c.provider_session
        whose = sessions.c.issuer == told.issuer
        if told.subject:
            whose &= sessions.c.subject == told.subject
        if told.session:
            # Of a session of which the provider never said within which of its own it lies, the person decides.
            unknown = (inside == "") if told.subject else false()
            whose &= (inside == _digest(told.session)) | unknown
        token = {"digest": _digest(f"{told.issuer}\n{told.token}"), "expires": told.expires}
        try:
            with self._database.writing() as connection:
                connection.execute(delete(logout_tokens).where(logout_tokens.c.expires < now()))
                connection.execute(insert(logout_tokens).values(**token))
                return _ended(connection, whose)
        except IntegrityError:
            raise ToldBefore("This logout token was sent before.") from None

    def forget(self, *, before: datetime) -> int:
        """Delete those that were over before; how many that were."""
        with self._database.writing() as connection:
            return connection.execute(delete(sessions).where(sessions.c.expires < before)).rowcount


def _ended(connection: Connection, whose: ColumnElement[bool]) -> tuple[StaffSession, ...]:
    """End those that hold of these."""
    holding = whose & sessions.c.ended.is_(None) & (sessions.c.expires > now())
    rows = connection.execute(select(sessions).where(holding)).all()
    ids = [row.id for row in rows]
    connection.execute(update(sessions).where(sessions.c.id.in_(ids)).values(ended=now()))
    return tuple(_session(row) for row in rows)


def _digest(token: str) -> str:
    # One round is enough: the token is random, so that there is nothing to guess faster.
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _session(row: Row[Any]) -> StaffSession:
    person = Person(row.issuer, row.subject, row.name, row.email, frozenset(row.groups))
    return StaffSession(row.id, person, row.created, row.expires, row.ended)
