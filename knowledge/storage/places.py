"""What a bank has recorded about where its documents stand: what an ingest compares files with."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from knowledge.storage.catalog import Catalog
from knowledge.types import Place

PLACES = "SELECT source_id, uri, allow, size, mtime_ns, title, id, document_id FROM place"


@dataclass(frozen=True, slots=True)
class Standing:
    """All places of a bank at one moment.

    `sources` maps (kind, spec) to a source's id; `keys` are the content keys of all live documents.
    """

    sources: dict[tuple[str, str], int] = field(default_factory=dict)
    keys: frozenset[str] = frozenset()
    places: tuple[Place, ...] = ()
    _of: dict[int, dict[str, Place]] = field(default_factory=lambda: defaultdict(dict))
    _at: dict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for place in self.places:
            self._of[place.source_id][place.uri] = place
            self._at[place.uri].append(place)

    def of(self, kind: str, spec: str) -> dict[str, Place]:
        """The places of one source, by uri; none of a source that is not recorded."""
        return self._of.get(self.sources.get((kind, spec), -1), {})

    def at(self, uri: str) -> list[Place]:
        """The places with this uri, whatever source they belong to."""
        return self._at.get(uri, [])

    def homeless_without(self, gone: Iterable[Place]) -> set[int]:
        """The documents that would stand nowhere without the places `gone`."""
        doomed = {place.id for place in gone}
        standing = {place.document_id for place in self.places if place.id not in doomed}
        return {place.document_id for place in self.places} - standing


def read_standing(catalog: Catalog) -> Standing:
    """All places as the catalog holds them now."""
    with catalog.reading() as connection:
        sources = {(row[1], row[2]): row[0] for row in connection.execute("SELECT id, kind, spec FROM source")}
        keys = dict(connection.execute("SELECT id, content_key FROM document WHERE state = 'live'").fetchall())
        rows = connection.execute(PLACES).fetchall()
    roles = {text: frozenset(json.loads(text)) for text in {row[2] for row in rows}}
    places = tuple(
        Place(row[0], row[1], roles[row[2]], row[3], row[4], row[5], row[6], row[7], keys[row[7]]) for row in rows
    )
    return Standing(sources, frozenset(keys.values()), places)
