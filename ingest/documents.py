"""Documents that a LlamaIndex reader loaded, ingested like files: compared, crash-safe, cited."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from ingest.content import Content
from ingest.pipeline import DEFAULTS, IngestOptions, Progress, update
from ingest.report import IngestReport
from ingest.sources import Candidate, Listing, Source, SourceKind
from knowledge.errors import UsageError
from knowledge.types import MetadataValue

if TYPE_CHECKING:
    from knowledge.bank import KnowledgeBank


class LoadedDocument(Protocol):
    """What is used of a LlamaIndex `Document`, or of anything shaped like one."""

    id_: str
    metadata: dict[str, Any]

    def get_content(self) -> str:
        """The text."""
        ...


def ingest_documents(
    documents: Iterable[LoadedDocument],
    bank: KnowledgeBank,
    *,
    source: str = "documents",
    complete: bool = False,
    prune: bool = False,
    options: IngestOptions = DEFAULTS,
    progress: Callable[[Progress], None] | None = None,
) -> IngestReport:
    """Puts `documents` into `bank` under the source `source`; one that was given before is compared and replaced.

    `id_` tells documents apart; where it is random, the file path in the metadata does, or else the text.
    Flat metadata can be filtered by; `title` and `file_name` name the document. With `complete`, these are all
    documents of the source and others that it had are removed. Raises as `ingest` does.
    """
    given = [] if hasattr(documents, "id_") else list(documents)
    if hasattr(documents, "id_") or not all(hasattr(document, "id_") for document in given):
        raise UsageError("These are no LlamaIndex documents:", hint="give a list of what a reader's load_data returns.")
    loaded = LoadedReader({address(document): document for document in given})
    listing = Listing(
        Source(SourceKind.DOCUMENTS, source), tuple(Candidate(uri) for uri in loaded.documents), complete=complete
    )
    return update(bank, (listing,), loaded, prune=prune, options=options, progress=progress)


@dataclass(frozen=True, slots=True)
class LoadedReader:
    """Gives documents in memory where files are expected."""

    documents: Mapping[str, LoadedDocument]

    def read(self, source: Source, candidate: Candidate) -> Content:
        """The text of a document as bytes, with what its metadata says about it."""
        document = self.documents[candidate.uri]
        data = document.get_content().encode("utf-8", errors="replace")
        metadata = flat(document.metadata)
        name = str(metadata.get("file_name") or metadata.get("title") or candidate.uri)
        suffix = PurePath(name).suffix.lower()
        # The text was extracted already: only formats that are text themselves are read as such.
        suffix = suffix if suffix in (".md", ".markdown") else ".txt"
        return Content(data, name, suffix, len(data), 0, title=str(metadata.get("title", "")), metadata=metadata)


def address(document: LoadedDocument) -> str:
    """What tells a document from others of its source, the same whenever it is loaded."""
    if not is_random(document.id_):
        return encodable(document.id_)
    if path := document.metadata.get("file_path"):
        page = document.metadata.get("page_label")
        return f"{path}#page={page}" if page else str(path)
    words = json.dumps([document.get_content(), flat(document.metadata)], sort_keys=True)
    return f"text:{hashlib.sha256(words.encode('utf-8', errors='replace')).hexdigest()[:32]}"


def is_random(identifier: str) -> bool:
    """Whether an id was drawn at random when the document was loaded."""
    try:
        return UUID(identifier).version == 4
    except ValueError:
        return False


def flat(metadata: Mapping[str, Any]) -> dict[str, MetadataValue]:
    """The metadata that documents can be filtered by; what is no number (NaN) says nothing, and JSON has none."""
    plain = {str(name): value for name, value in metadata.items() if isinstance(value, str | int | float | bool)}
    return {
        encodable(name): encodable(value) if isinstance(value, str) else value
        for name, value in plain.items()
        if not (isinstance(value, float) and not math.isfinite(value))
    }


def encodable(text: str) -> str:
    """`text` without what UTF-8 cannot hold (lone surrogates)."""
    return text.encode("utf-8", errors="replace").decode("utf-8")
