"""PDF: the text layer page by page; PDFium reads it, pypdf what PDFium refuses."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.parsers.pdf_fallback import read_with_pypdf
from ingest.parsers.pdf_lines import PdfContent, read_with_pdfium
from ingest.parsers.pdf_text import PdfText
from ingest.parsers.titles import clean_title, sensible_title, title_from_name
from ingest.structure import ParsedDocument
from knowledge.errors import EmptyDocument, NeedsPassword, ParseError
from knowledge.types import MetadataValue

SIGNATURE = b"%PDF-"
MENTIONED = 10
LONGEST_STEM = 80


class PdfParser:
    """Pages with exact spans; scans without a text layer are named, not guessed at."""

    name = "pdf"
    version = 1
    suffixes = (".pdf",)
    media_type = "application/pdf"

    def accepts(self, head: bytes, suffix: str) -> bool:
        """Anything that begins as a PDF, and in a file named so also after some rubbish."""
        return head.lstrip().startswith(SIGNATURE) or (suffix in self.suffixes and SIGNATURE in head[:1024])

    def parse(self, data: bytes, name: str) -> ParsedDocument:
        """The text of all pages, joined by blank lines."""
        content = _read(data, name)
        text = PdfText(content)
        if not text.blocks:
            raise _empty(content, name)
        info = dict(content.info)
        declared, line = sensible_title(info.get("Title", "")), sensible_title(text.prominent_line())
        return ParsedDocument(
            text=text.text,
            title=declared or _made_title(line, name),
            media_type=self.media_type,
            blocks=text.blocks,
            pages=text.pages,
            metadata=_metadata(info),
            notes=_notes(content),
            own_title=declared or line,
        )


def _read(data: bytes, name: str) -> PdfContent:
    """What PDFium makes of the file; where it refuses or finds no page, what pypdf makes of it."""
    try:
        content = read_with_pdfium(data, name)
    except NeedsPassword:
        raise
    except ParseError:
        return read_with_pypdf(data, name)
    if len(content.unreadable) == len(content.pages):
        return read_with_pypdf(data, name)
    return content


def _empty(content: PdfContent, name: str) -> EmptyDocument:
    if any(page.has_content for page in content.pages):
        return EmptyDocument(
            f"{name} has no text layer, only images or drawings:",
            hint="run it through OCR, for example with ocrmypdf, and ingest the result.",
        )
    return EmptyDocument(f"{name} has only blank pages:", hint="there is nothing to index.")


def _made_title(line: str, name: str) -> str:
    """The first prominent line, with the file's name where that says something else.

    Reports of one series begin alike; their names tell them apart.
    """
    stem = title_from_name(name)[:LONGEST_STEM]
    if not line or _squeezed(line) in _squeezed(stem):
        return stem
    return line if _squeezed(stem) in _squeezed(line) else f"{line} ({stem})"


def _squeezed(words: str) -> str:
    return re.sub(r"\W", "", words.casefold())


def _metadata(info: dict[str, str]) -> dict[str, MetadataValue]:
    values = {"author": clean_title(info.get("Author", "")), "subject": clean_title(info.get("Subject", ""))}
    return {key: value for key, value in values.items() if value}


def _notes(content: PdfContent) -> tuple[str, ...]:
    scans = [page.number for page in content.pages if not page.lines and page.has_content]
    scans = [number for number in scans if number not in content.unreadable]
    notes = []
    if scans:
        notes.append(_pages_note(scans, len(content.pages), "no text layer and need OCR"))
    if content.unreadable:
        notes.append(_pages_note(content.unreadable, len(content.pages), "damage and could not be read"))
    return tuple(notes)


def _pages_note(numbers: Sequence[int], total: int, what: str) -> str:
    listed = ", ".join(map(str, numbers[:MENTIONED])) + ("…" if len(numbers) > MENTIONED else "")
    return f"{len(numbers)} of {total} pages have {what} (page {listed})."
