"""Word documents (.docx): body text, headings, lists, tables and code samples."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from ingest.parsers.archive import ZIP_MAGIC, check_office_archive, damaged
from ingest.parsers.assembly import Assembly
from ingest.parsers.titles import clean_title, sensible_title, title_from_name
from ingest.parsers.word_numbering import Numbering
from ingest.parsers.word_styles import Styles
from ingest.parsers.word_text import WordText
from ingest.structure import ParsedDocument
from knowledge.errors import UnsupportedFormat
from knowledge.types import MetadataValue

if TYPE_CHECKING:
    from docx.document import Document

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
# What other programs keep in archives of the same kind, told by a member's name.
OTHERS = {
    "xl/": "an Excel workbook",
    "ppt/": "a PowerPoint presentation",
    "META-INF/container.xml": "an e-book",
    "content.xml": "an OpenDocument file",
}
# What python-docx and lxml are known to raise when a package contradicts itself.
DAMAGE = (AttributeError, LookupError, OSError, RuntimeError, SyntaxError, TypeError, ValueError)


class WordParser:
    """Headers, footers, comments and deleted text are left out; nothing outside the file is looked at."""

    name = "word"
    version = 1
    suffixes = (".docx", ".docm")
    media_type = MEDIA_TYPE

    def accepts(self, head: bytes, suffix: str) -> bool:
        """Archives: named as Word documents, or holding Word's folder at their beginning."""
        return head.startswith(ZIP_MAGIC) and (suffix in (*self.suffixes, ".dotx", ".doc") or b"word/" in head)

    def parse(self, data: bytes, name: str) -> ParsedDocument:
        """The body's text; the title is that of the properties, else the first heading of the highest rank."""
        members = check_office_archive(data, name)
        _check_contents(members, name)
        document = _opened(data, name)
        assembly = Assembly()
        try:
            numbering = next((part.element for part in document.part.package.parts if _is_numbering(part)), None)
            WordText(assembly, Styles(document.styles.element), Numbering(numbering)).read(document.element.body)
            metadata, title = _metadata(document), sensible_title(document.core_properties.title or "")
        except DAMAGE:
            raise damaged(name) from None
        own = title or assembly.first_heading()
        return ParsedDocument(
            text=assembly.text,
            title=own or title_from_name(name),
            media_type=self.media_type,
            blocks=tuple(assembly.blocks),
            metadata=metadata,
            own_title=own,
        )


def _check_contents(members: tuple[str, ...], name: str) -> None:
    if any(member.startswith("word/") for member in members):
        return
    for marker, what in OTHERS.items():
        if any(member.startswith(marker) for member in members):
            raise UnsupportedFormat(f"{name} is {what}:", hint="save it as PDF, .docx or text and ingest that.")


def _opened(data: bytes, name: str) -> Document:
    import docx
    from docx.opc.exceptions import OpcError

    try:
        return docx.Document(io.BytesIO(data))
    except (OpcError, *DAMAGE):
        raise damaged(name) from None


def _is_numbering(part: object) -> bool:
    return str(getattr(part, "partname", "")).endswith("/numbering.xml") and hasattr(part, "element")


def _metadata(document: Document) -> dict[str, MetadataValue]:
    properties = document.core_properties
    values = {"author": clean_title(properties.author or ""), "subject": clean_title(properties.subject or "")}
    return {key: value for key, value in values.items() if value and value != "python-docx"}
