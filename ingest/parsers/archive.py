"""Checks on ZIP archives before anything in them is unpacked."""

from __future__ import annotations

import io
import zipfile
import zlib

from knowledge.errors import LimitExceeded, ParseError

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
LARGEST_TOTAL = 300 * 1024 * 1024
LARGEST_RATIO = 150
# Small archives may be dense: the ratio matters once it costs memory.
HARMLESS_TOTAL = 20 * 1024 * 1024
MOST_MEMBERS = 20_000
PROLOGUE = 4096
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError)


def check_office_archive(data: bytes, name: str) -> tuple[str, ...]:
    """The members of an office document; raises a `ParseError` for bombs, damage and documents that define entities."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check_sizes(members, len(data), name)
            for member in members:
                if member.filename.endswith((".xml", ".rels")):
                    _check_prologue(archive.open(member).read(PROLOGUE), name)
    except DAMAGE:
        raise damaged(name) from None
    return tuple(member.filename for member in members)


def damaged(name: str) -> ParseError:
    """The refusal of an office document that contradicts itself or breaks off."""
    return ParseError(f"{name} is damaged or incomplete:", hint="open it in its own program and save it again.")


def _check_sizes(members: list[zipfile.ZipInfo], packed: int, name: str) -> None:
    total = sum(member.file_size for member in members)
    too_dense = total > HARMLESS_TOTAL and total > LARGEST_RATIO * packed
    if total > LARGEST_TOTAL or too_dense or len(members) > MOST_MEMBERS:
        raise LimitExceeded(
            f"{name} unpacks to {total / (1 << 20):.0f} MB in {len(members)} parts:",
            hint="it was not opened, because a document of words does not; split it if it is real.",
        )


def _check_prologue(head: bytes, name: str) -> None:
    """Office formats never declare a document type; whoever does wants entities expanded or files fetched."""
    plain = head.replace(b"\0", b"").upper()
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise ParseError(f"{name} declares XML entities:", hint="office documents have none; do not trust this file.")
