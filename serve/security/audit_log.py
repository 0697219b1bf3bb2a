"""What is noted in the audit log, without secrets and without what could tell a person apart."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from serve.security.identity import Caller
from serve.store.audit import AuditTable

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AuditLog:
    """Notes what callers do. Safe to use from any thread; it writes to the database, so not from an event loop."""

    table: AuditTable

    def did(self, caller: Caller, action: str, target: str = "", **details: str | int | bool | None) -> None:
        """Note that the caller did `action`, written as `noun.verb`, to `target`."""
        self.note(action, actor=f"{caller.kind}:{caller.id}", address=caller.address, target=target, **details)

    def note(
        self, action: str, *, actor: str, address: str = "", target: str = "", **details: str | int | bool | None
    ) -> None:
        """Note what was done by whoever is no caller: the command line, the service itself, somebody unknown."""
        self.table.add(action, actor=actor, address=address, target=target, details=details)
        logger.info("audit %s by %s of %s", action, actor, target)
