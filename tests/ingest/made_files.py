"""Small real files for parser tests."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ingest.parsers.registry import Registry
from ingest.structure import Block, ParsedDocument

Placed = tuple[str, float, float, float]


def made_pdf(pages: Sequence[Sequence[Placed]], title: str = "") -> bytes:
    """A PDF whose pages show lines of text, each given as (words, x, y, size)."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"", b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    kids = []
    for page in pages:
        shown = "".join(f"BT /F1 {size} Tf {x} {y} Td ({words}) Tj ET\n" for words, x, y, size in page).encode()
        objects.append(b"<</Length %d>>\nstream\n%s\nendstream" % (len(shown), shown))
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents %d 0 R" % len(objects)
            + b"/Resources<</Font<</F1 3 0 R>>>>>>"
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(kids), b" ".join(kids))
    objects.append(b"<</Title(%s)>>" % title.encode("latin-1"))
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<</Size %d/Root 1 0 R/Info %d 0 R>>\n" % (len(objects) + 1, len(objects))
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % table)


def encrypted_pdf(data: bytes, *, user_password: str) -> bytes:
    """The same PDF under a password (RC4, which needs no further package)."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.encrypt(user_password=user_password, owner_password="owner", algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def saved(document: Any) -> bytes:
    """The bytes of a python-docx document."""
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def with_member(data: bytes, member: str, content: bytes) -> bytes:
    """The archive with one member replaced or added."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for info in old.infolist():
            if info.filename != member:
                new.writestr(info, old.read(info))
        new.writestr(member, content)
    return buffer.getvalue()


def read(data: bytes | str, name: str) -> ParsedDocument:
    """The document as the registry reads it, its structure checked."""
    document = Registry().read(data if isinstance(data, bytes) else data.encode(), name)
    check(document)
    return document


def check(document: ParsedDocument) -> None:
    """What holds for every document: blocks in order and apart, pages that cover the text, sound Unicode."""
    position = 0
    for block in document.blocks:
        assert position <= block.start < block.end <= len(document.text)
        assert words(document, block).strip()
        position = block.end
    position = 0
    for page in document.pages:
        assert position == page.start <= page.end
        position = page.end
    assert not document.pages or position == len(document.text)
    document.text.encode("utf-8")
    assert "\0" not in document.text
    assert document.title.strip()


def words(document: ParsedDocument, block: Block) -> str:
    """A block's words."""
    return document.text[block.start : block.end]


def outline(document: ParsedDocument) -> list[tuple[str, str]]:
    """Kind and words of all blocks."""
    return [(block.kind.value, words(document, block)) for block in document.blocks]


def gaps(document: ParsedDocument) -> list[str]:
    """What stands between the blocks, white space aside."""
    edges = [(0, 0), *((block.start, block.end) for block in document.blocks), (len(document.text),) * 2]
    between = [document.text[before[1] : after[0]].strip() for before, after in pairwise(edges)]
    return [gap for gap in between if gap]
