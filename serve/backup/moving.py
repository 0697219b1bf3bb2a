"""Lets what was copied from one folder speak of another: paths below the old root become paths below the new one."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from sqlalchemy import JSON

from serve.store.migrating import know_all_tables
from serve.store.schema import metadata


def move_catalogs(catalogs: Iterable[Path], old: str, new: str) -> None:
    """Rewrite where the documents of banks stand, and what they were ingested from."""
    before, after = old.rstrip(os.sep) + os.sep, new.rstrip(os.sep) + os.sep
    for catalog in catalogs:
        with closing(sqlite3.connect(catalog)) as connection, connection:
            for table, column in (("place", "uri"), ("source", "spec")):
                connection.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",
                    (after, len(before) + 1, len(before), before),
                )


def move_citations(database: Path, old: str, new: str) -> None:
    """Rewrite where the citations of conversations say that their documents stand."""
    know_all_tables()
    before, after = (f'"uri": {json.dumps(root.rstrip(os.sep) + os.sep)[:-1]}' for root in (old, new))
    with closing(sqlite3.connect(database)) as connection, connection:
        known = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for table in metadata.sorted_tables:
            columns = [column.name for column in table.columns if isinstance(column.type, JSON)]
            for column in columns if table.name in known else ():
                connection.execute(
                    f'UPDATE "{table.name}" SET "{column}" = replace("{column}", ?, ?) WHERE instr("{column}", ?)',
                    (before, after, before),
                )
