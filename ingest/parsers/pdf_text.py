"""Writes the canonical text of a PDF and finds its headings."""

from __future__ import annotations

import re
from functools import cached_property
from itertools import takewhile

from ingest.parsers.assembly import Assembly
from ingest.parsers.pdf_layout import LARGER, Paragraph, Shape, paragraphs, type_sizes
from ingest.parsers.pdf_lines import LINE_HYPHEN, Line, PdfContent
from ingest.structure import Block, BlockKind
from knowledge.types import PageSpan

BROKEN_WORD = re.compile(rf"(?<!\w)(\w+)(?:{LINE_HYPHEN}|-\n)(\w+)")
LONGEST_HEADING = 120
LONGEST_TITLE = 160
RANKS = 4
# A size that holds this share of the characters is one that text is set in, not only headings.
COMMON = 0.12


class PdfText:
    """The canonical text with its blocks and page spans; the spans of pages cover the text without gaps."""

    def __init__(self, content: PdfContent) -> None:
        self._content = content
        self._paragraphs = list(paragraphs(content.pages))
        sizes = type_sizes(self._paragraphs)
        self._body = next(iter(sizes), 0.0)
        self._common = [height for height, share in sizes.items() if share > COMMON]
        self._outline = {(entry.page, _key(entry.title)): entry.level for entry in content.outline}
        self._ranks = self._heading_heights()
        self._assembly = Assembly()
        self._table = 0
        self._list = 0
        starts = self._write()
        self.text = self._assembly.text
        self.blocks: tuple[Block, ...] = tuple(self._assembly.blocks)
        ends = [*starts[1:], len(self.text)]
        self.pages = tuple(
            PageSpan(page.number, start, end) for page, start, end in zip(content.pages, starts, ends, strict=True)
        )

    def prominent_line(self) -> str:
        """The largest line of the first page, if it stands out; else its first line, if it can be a title."""
        first = [paragraph for paragraph in self._paragraphs if paragraph.page == self._paragraphs[0].page]
        readable = [paragraph for paragraph in first if self._can_be_prominent(paragraph)]
        if not readable:
            return ""
        largest = max(readable, key=lambda paragraph: paragraph.height)
        if largest.height < LARGER * self._body:
            chosen = self._joined(readable[0])
        else:
            # A title over several lines, set apart, is still one title.
            same = takewhile(lambda p: p.height > 0.95 * largest.height, readable[readable.index(largest) :])
            chosen = " ".join(self._joined(paragraph) for paragraph in same)
        return "" if len(chosen) > LONGEST_TITLE or chosen.endswith((".", ",", ";")) else " ".join(chosen.split())

    @staticmethod
    def _can_be_prominent(paragraph: Paragraph) -> bool:
        return paragraph.shape is not Shape.MARGIN and bool(re.search(r"[^\W\d_]{3}", paragraph.words))

    def _heading_heights(self) -> list[float]:
        """Heights larger than the body's, largest first, that lines of heading length are set in."""
        found: list[float] = []
        larger = {paragraph.height for paragraph in self._paragraphs if paragraph.height >= LARGER * self._body}
        for height in sorted(larger, reverse=True):
            if not found or height < 0.95 * found[-1]:
                found.append(height)
        return found

    def _write(self) -> list[int]:
        """Add all paragraphs; returns where each page starts."""
        starts: list[int] = []
        position = 0
        for page in self._content.pages:
            # Text that follows begins after the separator, which still belongs to the page before.
            starts.append(self._assembly.length + (2 if self._assembly.length and page.number > 1 else 0))
            self._table = self._list = 0
            while position < len(self._paragraphs) and self._paragraphs[position].page == page.number:
                following = self._paragraphs[position + 1 : position + 2]
                self._add(self._paragraphs[position], following[0] if following else None)
                position += 1
        return [min(start, self._assembly.length) for start in starts]

    def _add(self, paragraph: Paragraph, following: Paragraph | None) -> None:
        level = self._heading_level(paragraph, following)
        if level:
            self._table = self._list = 0
            self._assembly.add(BlockKind.HEADING, self._joined(paragraph), level=level)
        elif paragraph.shape is Shape.ROW:
            self._list = 0
            self._table = self._table or self._assembly.new_group()
            self._assembly.add_row(paragraph.cells, group=self._table)
        elif paragraph.shape is Shape.ITEM:
            self._table = 0
            self._list = self._list or self._assembly.new_group()
            self._assembly.add(BlockKind.LIST_ITEM, self._joined(paragraph), level=1, group=self._list)
        else:
            self._table = self._list = 0
            self._assembly.add(BlockKind.PARAGRAPH, self._joined(paragraph))

    def _heading_level(self, paragraph: Paragraph, following: Paragraph | None) -> int:
        """1 to 6 for a heading: what the outline names, else short lines in larger type; 0 for the rest."""
        words = paragraph.words
        if paragraph.shape is Shape.MARGIN or len(words) > LONGEST_HEADING or len(paragraph.lines) > 3:
            return 0
        if outlined := self._outline.get((paragraph.page, _key(words))):
            return min(6, outlined)
        if self._outline or not re.search(r"[^\W\d_]{2}", words) or words.endswith((".", ",", ";")):
            return 0
        if paragraph.height < LARGER * self._body:
            return 0
        larger_than_next = following is not None and paragraph.height >= LARGER * following.height
        if not larger_than_next and round(paragraph.height, 1) in self._common:
            return 0
        rank = next((rank for rank, height in enumerate(self._ranks) if paragraph.height > 0.95 * height), RANKS)
        return min(rank, RANKS - 1) + 1

    def _joined(self, paragraph: Paragraph) -> str:
        """The paragraph's text: wrapped lines run on, lines that end early stay lines."""
        widest = max(line.right for line in paragraph.lines)
        parts: list[str] = []
        for line in paragraph.lines:
            parts.append(line.text)
            parts.append(" " if _is_full(line, widest) and not line.text.endswith("-") else "\n")
        return BROKEN_WORD.sub(self._mended, "".join(parts[:-1])).replace(LINE_HYPHEN, "-")

    def _mended(self, broken: re.Match[str]) -> str:
        """A word that was broken at the end of a line, with or without its hyphen, as the document writes it."""
        left, right = broken[1], broken[2]
        joined, hyphenated = f"{left}{right}", f"{left}-{right}"
        if hyphenated.casefold() in self._words or not right[0].islower():
            return hyphenated
        compound = {left.casefold(), right.casefold()} <= self._words
        return hyphenated if compound and joined.casefold() not in self._words else joined

    @cached_property
    def _words(self) -> frozenset[str]:
        text = " ".join(paragraph.words for paragraph in self._paragraphs)
        return frozenset(re.findall(r"(?<![\w\ufffe])\w+(?:-\w+)*(?![\w\ufffe])", text.casefold()))


def _is_full(line: Line, widest: float) -> bool:
    """Whether the next word would not have fitted on the line, more or less."""
    return line.right >= line.left + 0.75 * (widest - line.left)


def _key(words: str) -> str:
    """What stays the same of a heading in text and outline: letters and digits."""
    return re.sub(r"\W", "", words.casefold())
