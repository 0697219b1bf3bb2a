"""The indexes of a bank as they stand for the catalog's present generation."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from threading import RLock
from time import monotonic
from typing import TYPE_CHECKING

from knowledge.retrieval.adapter import QueryAdapter
from knowledge.retrieval.search import HybridSearch
from knowledge.retrieval.vectors import ExactVectors, VectorIndex
from knowledge.storage.catalog import Catalog
from knowledge.storage.lexical import OF_CHUNKS, OF_DOCUMENTS, Postings
from knowledge.storage.scope import Scope
from knowledge.types import MetadataValue, Reader

if TYPE_CHECKING:
    from knowledge.card import RerankerSpec
    from knowledge.retrieval.chroma_opening import ChromaOpening
    from knowledge.storage.chroma import ChromaMirror

# Kinds of access and filters of a scope; so many scopes are kept, each 8 bytes a document.
Key = tuple[tuple[str, ...] | None, tuple[tuple[str, str], ...]]
SCOPES_KEPT = 64
# Seconds after which a mirror that was missed is tried for again.
AGAIN = 60.0

log = logging.getLogger(__name__)


class BankIndexes:
    """Vectors, postings and scopes of the bank at `path`, loaded at first use and again when a writer has committed.

    Thread-safe. With `chroma_from` chunks or more vectors are searched through Chroma, if this process can own the
    mirror: it is opened in the background once a search was answered, and until then they are searched exactly. A
    mirror that another process has is tried for at each generation, and every `again` seconds. Where Chroma fails, or
    the mirror is far behind, it is let go of and tried for again at the next generation, or once a writer mended it.
    """

    def __init__(self, path: Path, *, chroma_from: int | None, again: float = AGAIN) -> None:
        self._path = path
        self._chroma_from = chroma_from
        self._again = again
        self._tried = 0.0
        self._many = False
        self._lock = RLock()
        self._mirror: ChromaMirror | None = None
        self._opening: ChromaOpening | None = None
        # Whether the mirror is to be opened.
        self._due = False
        self._postings: tuple[Postings, Postings] | None = None
        self._search: HybridSearch | None = None
        # What the bank puts behind the search that `current` gave last; belongs into the same reading.
        self.reranker: RerankerSpec | None = None
        # How long its chunks may be, as of then.
        self.chunk_tokens = 0
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

    def answered(self) -> None:
        """Begins to open Chroma where that is due; belongs behind a search, which it would slow down."""
        with self._lock:
            if (self._due or self._may_be_had()) and (self._opening is None or self._opening.ended):
                # Only a process that stays gains from it.
                from knowledge.retrieval.chroma_opening import ChromaOpening

                self._due, self._tried = False, monotonic()
                self._opening = ChromaOpening(self._path, self._switch)

    def settle(self, timeout: float) -> bool:
        """Waits until Chroma is open or cannot be opened, at most `timeout` seconds; whether that is decided."""
        with self._lock:
            opening = self._opening
        return opening is None or opening.wait(timeout)

    def forget(self) -> list[ChromaOpening | ChromaMirror]:
        """Load everything anew at the next use; gives what is to be closed once nobody reads any more."""
        with self._lock:
            held = [one for one in (self._opening, self._mirror) if one is not None]
            self._mirror = self._opening = self._postings = self._search = None
            self._due = False
            self._generation = -1
            return held

    def _may_be_had(self) -> bool:
        """Whether the mirror was missed, and others have had time to let go of it or to mend it."""
        missed = self._many and self._mirror is None and monotonic() - self._tried >= self._again
        if not missed or self._opening is None or not self._opening.ended:
            return False
        self._tried = monotonic()
        return self._opening.worth_repeating

    def _load(self, catalog: Catalog) -> HybridSearch:
        card = catalog.card()
        if self._postings is None:
            chunks, wholes = (Postings(self._path / folder, card.language) for folder in (OF_CHUNKS, OF_DOCUMENTS))
            self._postings = chunks, wholes
        else:
            for postings in self._postings:
                postings.refresh()
        counts = catalog.counts()
        dimension = card.embedder.dimension
        self._many = self._chroma_from is not None and counts[1] >= self._chroma_from
        through = self._through_chroma(catalog, dimension) if self._many else None
        vectors = through or ExactVectors.load(catalog, dimension)
        adapter = QueryAdapter.unpacked(card.adapter, dimension) if card.adapter else None
        options = card.search.within(*counts)
        self.reranker = card.reranker
        self.chunk_tokens = card.chunking.tokens
        return HybridSearch(catalog, vectors, *self._postings, options, adapter)

    def _through_chroma(self, catalog: Catalog, dimension: int) -> VectorIndex | None:
        """With the mirror that is open; None where it has yet to be opened, is too far behind, or fails."""
        if self._mirror is None:
            self._due = True
            return None
        from knowledge.retrieval.chroma_search import ChromaVectors

        try:
            vectors = ChromaVectors.open(catalog, self._mirror, dimension, lost=self._lose)
        except Exception as error:  # of Chroma's own kinds and others, such as a full disk: the bank is whole
            self._drop(self._mirror, error)
            return None
        if vectors is None:
            self._mirror, self._tried = None, monotonic()
            if self._opening is not None:
                self._opening.left_behind()
        return vectors

    def _lose(self, mirror: ChromaMirror, error: Exception, exact: ExactVectors) -> None:
        """From the mirror, which failed in a search, back to exact vectors."""
        with self._lock:
            # One that was forgotten meanwhile is closed by whoever did that.
            if self._mirror is mirror:
                self._drop(mirror, error)
                self._search = replace(self._search, vectors=exact) if self._search else None

    def _drop(self, mirror: ChromaMirror, error: Exception) -> None:
        self._mirror, self._tried = None, monotonic()
        log.warning("Chroma fails: %s is searched exactly.", self._path, exc_info=error)
        try:
            mirror.close()
        except Exception as unclosed:  # it is given up anyway, and its lock is free
            log.warning("Chroma cannot be closed in %s.", self._path, exc_info=unclosed)

    def _switch(self, opening: ChromaOpening, mirror: ChromaMirror, generation: int) -> bool:
        """From exact vectors to the mirror, which holds `generation`; false where it was forgotten meanwhile."""
        from knowledge.retrieval.chroma_search import ChromaVectors

        with self._lock:
            if self._opening is not opening:
                return False
            self._mirror, self._due = mirror, False
            search, self._search = self._search, None
            # Of another generation nothing is kept: the next search has the mirror follow the catalog.
            if search is not None and isinstance(search.vectors, ExactVectors) and generation == self._generation:
                vectors = ChromaVectors.instead_of(search.vectors, search.catalog, mirror, lost=self._lose)
                self._search = replace(search, vectors=vectors)
            return True
