"""Brings the tables of a database to what this version expects, once, whoever comes first."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from sqlalchemy import Connection, text

import serve.store
from knowledge.errors import StorageError

LOCATION = Path(__file__).parent / "migrations"
# Any number that no other program uses for a lock in the same PostgreSQL database.
LOCK = 0x5EFDE5C


def migrate(connection: Connection) -> None:
    """Make every step that is missing, within the transaction of `connection`; another process waits meanwhile.

    Raises `StorageError` for a database that a later version has made.
    """
    from alembic import command
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    configured = alembic_config(connection)
    steps = ScriptDirectory.from_config(configured)
    current = MigrationContext.configure(connection).get_current_revision()
    if current == steps.get_current_head():
        return
    if current is not None and current not in {step.revision for step in steps.walk_revisions()}:
        raise StorageError(
            "The database was made by a later version of Refdesk:", hint="upgrade Refdesk, or restore an older copy."
        )
    command.upgrade(configured, "head")


def alembic_config(connection: Connection) -> Any:
    """Alembic's settings for steps over this connection."""
    from alembic.config import Config

    configured = Config()
    configured.set_main_option("script_location", str(LOCATION).replace("%", "%%"))
    configured.set_main_option("file_template", "%%(slug)s")
    configured.attributes["connection"] = connection
    return configured


def know_all_tables() -> None:
    """Let the shared metadata know the tables of every file of this package."""
    for module in iter_modules(serve.store.__path__):
        if not module.ispkg:
            import_module(f"{serve.store.__name__}.{module.name}")
