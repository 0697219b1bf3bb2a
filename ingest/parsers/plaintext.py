"""Plain text: paragraphs between blank lines, headings only where nothing else is likely."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.decoding import decode
from ingest.parsers.lines import Lines, trimmed
from ingest.parsers.titles import clean_title, title_from_name
from ingest.structure import Block, BlockKind, ParsedDocument

UNDERLINE = re.compile(r"(={4,}|-{4,}|~{4,})\s*$")
NUMBERED = re.compile(
    r"(?:(?:chapter|section|part|article|appendix)\s+)?(\d{1,3}(?:\.\d{1,3}){0,4})\.?\s+[^\W\d_]", re.IGNORECASE
)
BULLET = re.compile(r"\s*(?:[-*•‣◦]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+\S")
BREAK = re.compile(r"(?:\r\n?|\n|\f)[^\S\r\n\f]*(?:(?:\r\n?|\n|\f)\s*)+|\f\s*")
LONGEST_HEADING = 100


class PlainTextParser:
    """Text without markup; also what no other parser knows better."""

    name = "text"
    version = 1
    suffixes = (".txt", ".text", ".log", ".rst", ".org", ".adoc", ".asciidoc", ".tex", ".srt", ".vtt", "")
    media_type = "text/plain"

    def accepts(self, head: bytes, suffix: str) -> bool:
        """Whatever is text; the registry asks it last."""
        return True

    def parse(self, data: bytes, name: str) -> ParsedDocument:
        """The decoded file; the title is a heading in its first lines, else the file's name."""
        decoded = decode(data)
        blocks = tuple(_blocks(decoded.text))
        heading = blocks[0].label if blocks and blocks[0].kind is BlockKind.HEADING else ""
        return ParsedDocument(
            text=decoded.text,
            title=heading or title_from_name(name),
            media_type=self.media_type,
            blocks=blocks,
            notes=decoded.notes,
            own_title=heading,
        )


def _blocks(text: str) -> Iterator[Block]:
    group = 0
    for start, end in _paragraphs(text):
        items = _items(text, start, end)
        if items:
            group += 1
            yield from (Block(BlockKind.LIST_ITEM, first, last, level=1, group=group) for first, last in items)
        else:
            yield from _headed(text, start, end)


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    position = 0
    for found in BREAK.finditer(text):
        start, end = trimmed(text, position, found.start())
        position = found.end()
        if start < end:
            yield start, end
    start, end = trimmed(text, position, len(text))
    if start < end:
        yield start, end


def _headed(text: str, start: int, end: int) -> Iterator[Block]:
    """A paragraph, with the heading that may stand on its first lines."""
    lines = Lines(text[start:end])
    first = lines.text[slice(*lines.span(0, 1))]
    underlined = len(lines) > 1 and UNDERLINE.match(lines.text[slice(*lines.span(1, 2))])
    if underlined and not UNDERLINE.match(first) and len(first) <= LONGEST_HEADING:
        beyond = start + lines.span(0, 2)[1]
        level = 1 if underlined[1].startswith("=") else 2
    elif len(lines) == 1 and (level := _heading_level(first)):
        beyond = end
    else:
        yield Block(BlockKind.PARAGRAPH, start, end)
        return
    yield Block(BlockKind.HEADING, start, beyond, level=level, label=clean_title(first))
    rest, end = trimmed(text, beyond, end)
    if rest < end:
        yield Block(BlockKind.PARAGRAPH, rest, end)


def _heading_level(line: str) -> int:
    """1 to 6 for a lone line that can only be a heading, else 0."""
    words = re.findall(r"[^\W\d_]{2,}", line)
    if not words or len(line) > LONGEST_HEADING or line[-1] in ".,;:!?)":
        return 0
    numbered = NUMBERED.match(line)
    if numbered and len(words) <= 10:
        return min(6, numbered[1].count(".") + 1)
    return 1 if line == line.upper() != line.lower() and 1 < len(words) <= 12 else 0


def _items(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The items of a paragraph that is a list and nothing else; empty for any other."""
    lines = Lines(text[start:end])
    bullets = [line for line in range(len(lines)) if BULLET.match(text, start + lines.start(line))]
    if len(bullets) < 2 or bullets[0] != 0:
        return []
    spans = [lines.span(first, beyond) for first, beyond in zip(bullets, [*bullets[1:], len(lines)], strict=True)]
    return [(start + first, start + last) for first, last in spans]
