"""Secrets that sign cookies: made by the service itself, kept where its conversations are, shared by its replicas."""

from __future__ import annotations

import secrets as random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Integer, LargeBinary, Row, Table, delete, insert, select
from sqlalchemy.exc import IntegrityError

from serve.store.database import Database
from serve.store.schema import Moment, metadata, now

SIZE = 32
ROTATED_AFTER = timedelta(days=90)
# Every process takes the secrets anew once a day: by then all of them know the one that begins to sign.
SIGNS_AFTER = timedelta(days=2)
# As long as a cookie is believed, after a later secret took over.
KEPT_FOR = ROTATED_AFTER + SIGNS_AFTER + timedelta(days=180)

secrets = Table(
    "secrets",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("made", Moment, nullable=False),
    Column("secret", LargeBinary(SIZE), nullable=False),
)


class Secrets:
    """The table of secrets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def current(self, moment: datetime | None = None) -> Sequence[bytes]:
        """The secrets that are believed, the one that signs first. Makes one where there is none or only old ones."""
        at = moment or now()
        known = self._known(at)
        if not known or at - known[0].made > ROTATED_AFTER:
            self._make(known[0].number + 1 if known else 1, at)
            known = self._known(at)
        signer = next((row for row in known if at - row.made >= SIGNS_AFTER), known[-1])
        return (signer.secret, *(row.secret for row in known if row is not signer))

    def _known(self, at: datetime) -> Sequence[Row[Any]]:
        """Those that are not too old, newest first."""
        with self._database.reading() as connection:
            wanted = select(secrets).where(secrets.c.made >= at - KEPT_FOR)
            return connection.execute(wanted.order_by(secrets.c.number.desc())).all()

    def _make(self, number: int, at: datetime) -> None:
        try:
            with self._database.writing() as connection:
                connection.execute(delete(secrets).where(secrets.c.made < at - KEPT_FOR))
                _insert(connection, number, at)
        except IntegrityError:  # another process has made the same one just now
            return


def _insert(connection: Connection, number: int, at: datetime) -> None:
    values = {"number": number, "made": at, "secret": random.token_bytes(SIZE)}
    connection.execute(insert(secrets).values(**values))
