"""How much of everything waits: what those who run the service watch."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select

from serve.store.database import Database
from serve.store.jobs import jobs
from serve.store.outbox import outbox
from serve.store.tickets import tickets

# Of each table, the states in which something is still to be done, or has gone wrong for good.
WATCHED = {
    "jobs": (jobs, ("queued", "running")),
    "tickets": (tickets, ("waiting", "human")),
    "deliveries": (outbox, ("new", "pending", "failed")),
}


def waiting(database: Database) -> Mapping[str, Mapping[str, int]]:
    """How many jobs, tickets and deliveries are in each of the states that are watched; 0 for those without any."""
    found: dict[str, dict[str, int]] = {}
    with database.reading() as connection:
        for name, (table, states) in WATCHED.items():
            wanted = select(table.c.state, func.count()).where(table.c.state.in_(states)).group_by(table.c.state)
            counted: dict[str, int] = {row[0]: row[1] for row in connection.execute(wanted)}
            found[name] = {state: counted.get(state, 0) for state in states}
    return found
