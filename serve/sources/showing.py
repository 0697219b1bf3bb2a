"""What is shown beside an answer for one of its citations, as the one who looks may read it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from ingest.settings import Settings, read_settings
from ingest.worker_process import WorkerStartError
from knowledge.errors import BankNotFound, UsageError
from knowledge.library import Library
from knowledge.terminal.shell import Shell
from knowledge.types import Document, Reader
from serve.http.failures import Refused
from serve.sources.locating import Locator, PageBox
from serve.sources.originals import Original, Originals

WINDOW = 200_000
PDF = "application/pdf"


class SourceGone(Refused):
    """The cited words are nowhere to be found any more, or not for this reader."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(410, "source_gone", message, hint=hint)


@dataclass(frozen=True, slots=True)
class Cited:
    """Where a citation says that its words stand."""

    bank: str
    document_id: int
    uri: str
    start: int
    end: int
    quote: str
    headings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownSource:
    """A document around the cited words: `text` is the part of it that begins at `offset`.

    `start` and `end` count in the whole document. `boxes` say where the words stand on the pages of the original,
    which can be had where `original` says so.
    """

    document: Document
    text: str
    offset: int
    start: int
    end: int
    page: int | None
    quote: str
    headings: tuple[str, ...]
    boxes: tuple[PageBox, ...] = ()
    original: bool = False


def open_sources(shell: Shell, library: Library) -> Sources:
    """The documents of a library, with files as large as may be ingested."""
    settings = read_settings(shell.settings(), shell.config) if shell.config else Settings()
    return Sources(library, max_file_mb=settings.ingest.max_file_mb)


class Sources:
    """Documents of a library for whoever looks at a citation; every call asks again what the reader may see."""

    def __init__(self, library: Library, *, max_file_mb: float) -> None:
        self._library = library
        self._originals = Originals(max_file_mb=max_file_mb)
        self._locator = Locator()

    def show(self, cited: Cited, reader: Reader) -> ShownSource:
        """The cited words and what stands around them; raises `SourceGone`."""
        document, start, end = self._found(cited, reader)
        shown = windowed(document, start, end, cited)
        original = self._original(document)
        if original is None:
            return shown
        try:
            boxes = self._locator.boxes(document, start, end, data=original.data, digest=original.digest)
        except WorkerStartError:
            # The page can still be shown, only without marks.
            boxes = ()
        return replace(shown, boxes=boxes, original=True)

    def original(self, cited: Cited, reader: Reader) -> Original:
        """The PDF that the words are cited from; raises `SourceGone` unless it still is what was ingested."""
        document, _, _ = self._found(cited, reader)
        return self.original_of(document)

    def original_of(self, document: Document) -> Original:
        """The PDF that a document was read from; raises `SourceGone` unless it still is what was ingested."""
        original = self._original(document)
        if original is None:
            raise SourceGone(
                f"The file of {document.title!r} cannot be shown:",
                hint="it is no PDF, or it was changed or moved since it was ingested. Read its text instead.",
            )
        return original

    def close(self) -> None:
        """Ends the worker process that looks into PDFs."""
        self._locator.close()

    def _original(self, document: Document) -> Original | None:
        if document.media_type != PDF:
            return None
        digest = self._library.bank(document.bank).catalog.digest(document.id)
        return self._originals.read(document.uri, digest) if digest else None

    def _found(self, cited: Cited, reader: Reader) -> tuple[Document, int, int]:
        """The document and where it says the words; a document that was read again is found by its place."""
        try:
            bank = self._library.bank(cited.bank)
            document = bank.catalog.document(cited.document_id, reader, cited.bank)
            if document is not None and document.text[cited.start : cited.end] == cited.quote:
                return document, cited.start, cited.end
            again = [one.id for one in bank.documents(reader=reader) if one.uri == cited.uri]
            for identifier in again:
                document = bank.document(identifier, reader=reader)
                start = _nearest(document.text, cited.quote, cited.start)
                if start is not None:
                    return document, start, start + len(cited.quote)
        except (BankNotFound, UsageError):
            # Gone since; whether it ever was there is nobody's business.
            pass
        raise SourceGone(
            "The cited words are not there any more:",
            hint="the document was changed or removed since this was answered. Ask again for an answer as of now.",
        )


def windowed(document: Document, start: int, end: int, cited: Cited) -> ShownSource:
    """The part of a document around a span, all of it where it is not too long."""
    offset = 0 if len(document.text) <= WINDOW else max(0, min(start - WINDOW // 2, len(document.text) - WINDOW))
    return ShownSource(
        document=document,
        text=document.text[offset : offset + WINDOW],
        offset=offset,
        start=start,
        end=end,
        page=document.page_at(start),
        quote=document.text[start:end],
        headings=cited.headings,
    )


def shown_uri(uri: str, root: Path | None = None) -> str:
    """Where a document stands, as anyone may be told: an address, or a path that says nothing of the machine.

    A file below `root` is told by its path from there, any other by its name.
    """
    if urlsplit(uri).scheme in ("http", "https") or not Path(uri).is_absolute():
        return uri
    path = Path(uri)
    return path.relative_to(root).as_posix() if root is not None and path.is_relative_to(root) else path.name


def _nearest(text: str, words: str, start: int) -> int | None:
    """Where a text says `words`, as near to `start` as possible."""
    if not words:
        return None
    before, after = text.rfind(words, 0, start + len(words)), text.find(words, start)
    found = [at for at in (before, after) if at >= 0]
    return min(found, key=lambda at: abs(at - start), default=None)
