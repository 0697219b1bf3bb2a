"""Writes the step that brings the tables to what the code says: `python -m serve.store.revision "Add tickets"`.

For whoever changes tables. Read what it wrote before it is committed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from serve.store.database import open_database
from serve.store.migrating import alembic_config, know_all_tables

# What the table of steps holds on PostgreSQL.
LONGEST_NAME = 32


def write_step(message: str) -> None:
    """The step from the tables that the steps make until now to those of the code."""
    from alembic import command

    know_all_tables()
    with TemporaryDirectory() as folder:
        database = open_database(Path(folder))
        with database.writing() as connection:
            name = "_".join(message.lower().split())[:LONGEST_NAME]
            command.revision(alembic_config(connection), message, autogenerate=True, rev_id=name)
        database.close()


if __name__ == "__main__":
    write_step(" ".join(sys.argv[1:]) or "Change the tables")
