"""The indexes of a bank as they stand for the catalog's present generation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

from knowledge.card import BankCard
from knowledge.retrieval.adapter import QueryAdapter
from knowledge.retrieval.search import HybridSearch
from knowledge.retrieval.vectors import ExactVectors, VectorIndex
from knowledge.storage.catalog import Catalog
from knowledge.storage.lexical import OF_CHUNKS, OF_DOCUMENTS, Postings
from knowledge.storage.scope import Scope
from knowledge.types import MetadataValue, Reader

if TYPE_CHECKING:
    from knowledge.storage.chroma import ChromaMirror

# Kinds of access and filters of a scope; so many scopes are kept, each 8 bytes a document.
Key = tuple[tuple[str, ...] | None, tuple[tuple[str, str], ...]]
SCOPES_KEPT = 64


class BankIndexes:
    """Vectors, postings and scopes of the bank at `path`, loaded at first use and again when a writer has committed.

    Thread-safe. With `chroma_from` chunks or more vectors are searched through Chroma, if this process can own the
    mirror.
    """

    def __init__(self, path: Path, *, chroma_from: int | None) -> None:
        self._path = path
        self._chroma_from = chroma_from
        self._lock = RLock()
        self._mirror: ChromaMirror | None = None
        self._postings: tuple[Postings, Postings] | None = None
        self._search: HybridSearch | None = None
        self._scopes: dict[Key, Scope] = {}
        self._generation = -1

    def current(self, catalog: Catalog) -> HybridSearch:
        """The search over what the catalog holds now; belongs into one reading of it.

        The catalog's lock is held here and this one is taken: never the other way round, and of one catalog only.
        """
        with self._lock:
            generation = catalog.generation()
            if self._search is None or self._search.catalog is not catalog or generation != self._generation:
                self._search = self._load(catalog)
                self._generation = generation
                self._scopes = {}
            return self._search

    def scope(self, catalog: Catalog, reader: Reader, filters: Mapping[str, MetadataValue]) -> Scope:
        """What `reader` may see; of a large bank it takes a while to find out, so it is kept for a generation."""
        kinds = catalog.kinds(reader)
        # Values by how they are written: 1, 1.0 and True are equal, and filter differently.
        key = kinds, tuple(sorted((name, repr(value)) for name, value in filters.items()))
        # Whoever reads holds the catalog's lock, so that nobody else is here.
        if key not in self._scopes:
            if len(self._scopes) >= SCOPES_KEPT:
                self._scopes.clear()
            self._scopes[key] = catalog.scope(kinds, filters)
        return self._scopes[key]

    def forget(self) -> ChromaMirror | None:
        """Load everything anew at the next use; gives the mirror, to be closed once nobody reads any more."""
        with self._lock:
            mirror = self._mirror
            self._mirror = self._postings = self._search = None
            self._generation = -1
            return mirror

    def _load(self, catalog: Catalog) -> HybridSearch:
        card = catalog.card()
        if self._postings is None:
            chunks, wholes = (Postings(self._path / folder, card.language) for folder in (OF_CHUNKS, OF_DOCUMENTS))
            self._postings = chunks, wholes
        else:
            for postings in self._postings:
                postings.refresh()
        vectors = self._through_chroma(catalog, card) or ExactVectors.load(catalog, card.embedder.dimension)
        adapter = QueryAdapter.unpacked(card.adapter, card.embedder.dimension) if card.adapter else None
        return HybridSearch(catalog, vectors, *self._postings, card.search.within(*catalog.counts()), adapter)

    def _through_chroma(self, catalog: Catalog, card: BankCard) -> VectorIndex | None:
        if self._chroma_from is None or catalog.counts()[1] < self._chroma_from:
            return None
        # Only a process that stays gains from it: Chroma takes half a second to load.
        from knowledge.retrieval.chroma_search import ChromaVectors
        from knowledge.storage.chroma import ChromaMirror

        dimension = card.embedder.dimension
        self._mirror = self._mirror or ChromaMirror(self._path / "chroma", dimension)
        return ChromaVectors.open(catalog, self._mirror, dimension)
