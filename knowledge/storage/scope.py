"""What one reader may see of a bank: resolved in the catalog, by the access of places and by filters."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import UsageError
from knowledge.types import MetadataValue, Reader

Ids = NDArray[np.int64]
# One step in the index for each kind of access: SELECT DISTINCT would read all places at every query.
KINDS_OF_ACCESS = """
WITH RECURSIVE kind (allow) AS (
    SELECT min(allow) FROM place
    UNION ALL SELECT (SELECT min(p.allow) FROM place p WHERE p.allow > kind.allow) FROM kind WHERE allow IS NOT NULL
) SELECT allow FROM kind WHERE allow IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a reader may see under filters, at one moment.

    `kinds` are the kinds of access that are open to the reader, as the catalog writes them, None where all are;
    `documents` the ids of the documents, ascending, None where that is all live ones.
    """

    kinds: tuple[str, ...] | None = None
    documents: Ids | None = None
    filters: Mapping[str, MetadataValue] = field(default_factory=dict)

    def holds(self, document_id: int) -> bool:
        """Whether a live document is among those that may be seen."""
        if self.documents is None:
            return True
        at = int(np.searchsorted(self.documents, document_id))
        return at < len(self.documents) and int(self.documents[at]) == document_id

    def place_condition(self) -> tuple[str, list[MetadataValue]]:
        """SQL that is true of a place `p` of a document `d` that the reader may see and that the filters ask for."""
        parts, values = ["1"], list[MetadataValue]()
        if self.kinds is not None:
            parts.append(f"p.allow IN ({marks(self.kinds)})")
            values += self.kinds
        for name, wanted in self.filters.items():
            parts.append(f"{_column(name)} = ?")
            values.append(str(int(wanted)) if isinstance(wanted, bool) else str(wanted))
        return " AND ".join(parts), values


EVERYTHING = Scope()


def open_kinds(connection: sqlite3.Connection, reader: Reader) -> tuple[str, ...] | None:
    """The kinds of access that are open to `reader`; None where that is all that the bank has."""
    kinds = [row[0] for row in connection.execute(KINDS_OF_ACCESS)]
    mine = tuple(kind for kind in kinds if reader.may_read(frozenset(json.loads(kind))))
    return None if len(mine) == len(kinds) else mine


def resolved(
    connection: sqlite3.Connection, kinds: tuple[str, ...] | None, filters: Mapping[str, MetadataValue]
) -> Scope:
    """The scope of a reader to whom `kinds` are open. Raises `UsageError` for what cannot be a filter."""
    if kinds is None and not filters:
        return EVERYTHING
    scope = Scope(kinds, None, dict(filters))
    condition, values = scope.place_condition()
    query = (
        "SELECT DISTINCT p.document_id FROM place p JOIN document d ON d.id = p.document_id"
        f" WHERE d.state = 'live' AND {condition} ORDER BY p.document_id"
    )
    found = [row[0] for row in connection.execute(query, values)]
    return Scope(kinds, np.asarray(found, dtype=np.int64), scope.filters)


def marks(values: Sequence[object]) -> str:
    """A question mark for each value, for SQL."""
    return ", ".join("?" * len(values))


def _column(name: str) -> str:
    own = {"title": "p.title", "media_type": "d.media_type", "uri": "p.uri"}
    if name in own:
        return own[name]
    if not name or '"' in name:
        raise UsageError(f"{name!r} cannot be a filter:", hint="use title, media_type, uri or a metadata key.")
    return f"CAST(json_extract(d.metadata, '$.\"{name.replace(chr(39), chr(39) * 2)}\"') AS TEXT)"
