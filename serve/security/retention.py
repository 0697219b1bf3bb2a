"""How long what is kept is kept."""

from __future__ import annotations

from datetime import timedelta

from serve.security.guard import Guard
from serve.store.audit import AuditTable
from serve.store.database import Database
from serve.store.people import People
from serve.store.schema import now
from serve.store.secrets import Secrets
from serve.store.sessions import Sessions

AUDIT_DAYS = 730
SESSION_DAYS = 30


def upkeep(database: Database, guard: Guard, *, retention_days: int) -> int:
    """What is to be done when the service starts, and daily: forget what is old, and take the secrets anew.

    Gives the number of conversations that were deleted. Blocks; not for an event loop.
    """
    moment = now()
    forgotten = People(database).forget_unused_since(moment - timedelta(days=retention_days))
    AuditTable(database).forget(before=moment - timedelta(days=max(AUDIT_DAYS, retention_days)))
    Sessions(database).forget(before=moment - timedelta(days=SESSION_DAYS))
    database.settle()
    guard.visitors.renew(Secrets(database).current())
    if forgotten:
        guard.audit.note("conversation.expired", actor="service", conversations=forgotten)
    return forgotten
