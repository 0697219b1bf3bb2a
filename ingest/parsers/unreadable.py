"""What no parser reads: each kind is refused with its name and what to do about it."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import NoReturn

from ingest.decoding import looks_binary
from ingest.structure import ParsedDocument
from knowledge.errors import NeedsPassword, UnsupportedFormat

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SECTOR = 512
SAVE_AS = "save it as PDF, .docx or text and ingest that."
MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"\x89PNG", "an image", "run it through OCR and ingest the text."),
    (b"\xff\xd8\xff", "an image", "run it through OCR and ingest the text."),
    (b"GIF8", "an image", "run it through OCR and ingest the text."),
    (b"II*\0", "an image", "run it through OCR and ingest the text."),
    (b"MM\0*", "an image", "run it through OCR and ingest the text."),
    (b"PK\x03\x04", "a ZIP archive", "unpack it and ingest the files in it."),
    (b"\x1f\x8b", "a compressed file", "unpack it and ingest the files in it."),
    (b"BZh9", "a compressed file", "unpack it and ingest the files in it."),
    (b"\xfd7zXZ", "a compressed file", "unpack it and ingest the files in it."),
    (b"7z\xbc\xaf", "a compressed file", "unpack it and ingest the files in it."),
    (b"Rar!\x1a", "a compressed file", "unpack it and ingest the files in it."),
    (b"\x7fELF", "a program", "only documents can be ingested."),
    (b"MZ", "a program", "only documents can be ingested."),
    (b"SQLite format 3", "a database", "export what matters as text."),
    (rb"{\rtf", "a rich text file", SAVE_AS),
)
# Text by its bytes, but of a structure that would be noise if it were read as prose.
SUFFIXES = frozenset(
    {".doc", ".xls", ".ppt", ".xlsx", ".pptx", ".odt", ".odp", ".ods", ".rtf", ".epub", ".msg", ".eml", ".mbox"}
    | {".xml", ".csv", ".tsv", ".ooxml", ".xlsb", ".pdf", ".docx", ".docm", ".ipynb", ".svg"}
    | {".zip", ".gz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".png", ".jpg", ".jpeg", ".gif", ".tif", ".tiff"}
)
PACKED = {
    ".xlsx": "an Excel workbook",
    ".xlsm": "an Excel workbook",
    ".xlsb": "an Excel workbook",
    ".pptx": "a PowerPoint presentation",
    ".odt": "an OpenDocument text",
    ".odp": "an OpenDocument presentation",
    ".ods": "an OpenDocument spreadsheet",
    ".epub": "an e-book",
}
PASSWORD_HINT = "save a copy without a password and ingest that."


class Unreadable:
    """Takes what the parsers of documents left and plain text must not have; always raises."""

    name = "unreadable"
    version = 1
    suffixes: tuple[str, ...] = ()
    media_type = "application/octet-stream"

    def accepts(self, head: bytes, suffix: str) -> bool:
        """Binary content of any name, and names that promise what is not read."""
        binary = head.startswith(OLE_MAGIC) or any(head.startswith(magic) for magic, _, _ in MAGIC if magic != b"MZ")
        return binary or suffix in SUFFIXES or looks_binary(head)

    def parse(self, data: bytes, name: str) -> ParsedDocument:
        """Raises `NeedsPassword` or `UnsupportedFormat`."""
        if data.startswith(OLE_MAGIC):
            _refuse_old_office(data, name)
        suffix = PurePath(name).suffix.lower()
        if suffix in PACKED and data.startswith(b"PK"):
            raise UnsupportedFormat(f"{name} is {PACKED[suffix]}:", hint=SAVE_AS)
        for magic, what, hint in MAGIC:
            if data.startswith(magic):
                raise UnsupportedFormat(f"{name} is {what}:", hint=hint)
        if looks_binary(data[:4096]):
            raise UnsupportedFormat(f"{name} holds binary data, not text:", hint=SAVE_AS)
        if suffix in (".pdf", ".docx", ".docm"):
            raise UnsupportedFormat(f"{name} is not what its name says:", hint="give it the suffix of what it is.")
        raise UnsupportedFormat(f"{name} is of a type ({suffix or 'none'}) that is not read:", hint=SAVE_AS)


def _refuse_old_office(data: bytes, name: str) -> NoReturn:
    """Word, Excel and PowerPoint before 2007, Outlook messages, and every encrypted office document."""
    streams = ("EncryptedPackage", "EncryptedSummary")
    if any(stream.encode("utf-16-le") in data for stream in streams) or _has_password(data):
        raise NeedsPassword(f"{name} is encrypted:", hint=PASSWORD_HINT)
    raise UnsupportedFormat(f"{name} is in an office format from before 2007:", hint=SAVE_AS)


def _has_password(data: bytes) -> bool:
    """Whether the first stream says that it is encrypted: Word in its header, Excel in its third record or so."""
    for start in range(SECTOR, min(len(data), 64 * SECTOR), SECTOR):
        if data[start : start + 2] == b"\xec\xa5":
            return bool(data[start + 11] & 1)
        if re.match(rb"\x09\x08.\0.{0,20}?\0\x06", data[start : start + 24], re.DOTALL):
            return b"\x2f\x00\x36\x00" in data[start : start + 256]
    return False
