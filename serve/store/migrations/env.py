"""What Alembic runs: the steps over the connection that it is given."""

from __future__ import annotations

from typing import Literal

import sqlalchemy as sa
from alembic import context

from serve.store.schema import Moment, metadata


def rendered(kind: str, given: object, _: object) -> str | Literal[False]:
    """Steps stand by themselves: what they name must not change when the code does."""
    if kind != "type":
        return False
    names = {Moment: "sa.DateTime(timezone=True)", sa.JSON: "JSON", sa.BigInteger: "COUNTING"}
    return next((name for known, name in names.items() if isinstance(given, known)), False)


# SQLite changes a table by making it anew; on PostgreSQL this changes nothing.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    render_item=rendered,
    compare_type=True,
)
context.run_migrations()
