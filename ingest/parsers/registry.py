"""Which parser reads what. A new format is one file beside this one and one line below."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import Protocol

from ingest.parsers.html import HtmlParser
from ingest.parsers.markdown import MarkdownParser
from ingest.parsers.pdf import PdfParser
from ingest.parsers.plaintext import PlainTextParser
from ingest.parsers.source_code import SourceCodeParser
from ingest.parsers.unreadable import Unreadable
from ingest.parsers.word import WordParser
from ingest.structure import ParsedDocument
from knowledge.errors import EmptyDocument

HEAD_BYTES = 4096


class Parser(Protocol):
    """Reads one format. `version` rises whenever the same bytes would be read differently."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> int: ...

    @property
    def suffixes(self) -> tuple[str, ...]: ...

    @property
    def media_type(self) -> str: ...

    def accepts(self, head: bytes, suffix: str) -> bool:
        """Whether this parser takes a file that begins with `head` and is named with `suffix` (".pdf")."""

    def parse(self, data: bytes, name: str) -> ParsedDocument:
        """The document; `name` is for messages and as a last resort its title. Raises `ParseError`."""


class Registry:
    """Parsers in the order in which they are asked: content first, names second, plain text last."""

    def __init__(self) -> None:
        parsers: tuple[Parser, ...] = (
            PdfParser(),
            WordParser(),
            HtmlParser(),
            Unreadable(),
            MarkdownParser(),
            SourceCodeParser(),
            PlainTextParser(),
        )
        self.parsers: dict[str, Parser] = {parser.name: parser for parser in parsers}

    def suffixes(self) -> frozenset[str]:
        """The file name endings that are read; a folder's other files are not tried."""
        return frozenset(suffix for parser in self.parsers.values() for suffix in parser.suffixes if suffix)

    def choose(self, head: bytes, suffix: str) -> Parser:
        """The parser for a file that begins with `head` (`HEAD_BYTES` of it) and ends in `suffix`."""
        return next(parser for parser in self.parsers.values() if parser.accepts(head, suffix.lower()))

    def fingerprint(self, head: bytes, suffix: str) -> str:
        """Names the way such a file is read; another one means that it has to be read again."""
        parser = self.choose(head, suffix)
        return f"{parser.name}/{parser.version}"

    def read(self, data: bytes, name: str, *, suffix: str = "") -> ParsedDocument:
        """The document that `data` holds; raises a `ParseError` that names it and says what to do.

        `suffix` is taken from `name` unless given.
        """
        suffix = (suffix or PurePath(name).suffix).lower()
        if not data.strip(b" \t\r\n\f\0"):
            raise EmptyDocument(f"{name} is empty:", hint="there is nothing to index.")
        parser = self.choose(data[:HEAD_BYTES], suffix)
        document = parser.parse(data, name)
        if not document.blocks:
            raise EmptyDocument(f"{name} holds no text:", hint="there is nothing to index.")
        known = any(suffix in other.suffixes for other in self.parsers.values())
        if known and suffix and suffix not in parser.suffixes:
            note = f"It is named {suffix} but was read as {parser.media_type}, which is what it holds."
            return replace(document, notes=(*document.notes, note))
        return document
