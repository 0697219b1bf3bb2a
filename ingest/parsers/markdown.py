"""Markdown: the text is the file, the structure comes from markdown-it's line maps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from ingest.decoding import decode
from ingest.parsers.front_matter import read_front_matter
from ingest.parsers.lines import Lines
from ingest.parsers.titles import clean_title, title_from_name
from ingest.structure import Block, BlockKind, ParsedDocument

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LEAVES = {
    "paragraph_open": BlockKind.PARAGRAPH,
    "html_block": BlockKind.PARAGRAPH,
    "fence": BlockKind.CODE,
    "code_block": BlockKind.CODE,
    "tr_open": BlockKind.TABLE_ROW,
}
UNDERLINES = frozenset("=-")
LISTS = frozenset({"bullet_list_open", "ordered_list_open"})
COMMENT = re.compile(r"(<!--(?:(?!-->).)*-->\s*)+", re.DOTALL)
REFERENCE = re.compile(r"\s*\[[^\]]+\]:\s")
# Longer headings are prose by mistake, and not worth the parsing of their inline markup.
LONGEST_HEADING = 500
# Text is underlined by chance too: only among so many blocks is that the title, further down a figure's or nothing.
TITLE_AMONG = 20
# Text that is longer, in lines or characters, and happens to stand above a row of "=" or "-" is no heading.
UNDERLINED_LINES, UNDERLINED = 2, 200


class MarkdownParser:
    """CommonMark with tables. Nothing that holds words is left out, save front matter, comments and link targets."""

    name = "markdown"
    version = 2
    suffixes = (".md", ".markdown", ".mdown", ".mkd", ".mdx")
    media_type = "text/markdown"

    def accepts(self, head: bytes, suffix: str) -> bool:
        """Only the suffix tells Markdown from plain text."""
        return suffix in self.suffixes

    def parse(self, data: bytes, name: str) -> ParsedDocument:
        """The decoded file and its blocks; the title is that of the front matter, else of the first H1."""
        decoded = decode(data)
        text = decoded.text
        front = read_front_matter(text)
        blocks = tuple(self._blocks(text, front.end))
        declared = clean_title(str(front.metadata.get("title", "")))
        own = declared or clean_title(_title(blocks, text))
        return ParsedDocument(
            text=text,
            title=own or title_from_name(name),
            media_type=self.media_type,
            blocks=blocks,
            metadata=front.metadata,
            notes=(*decoded.notes, *front.notes),
            own_title=own,
        )

    @cached_property
    def _block_parser(self) -> MarkdownIt:
        from markdown_it import MarkdownIt

        # Inline markup is of no interest to blocks: skipping it keeps hostile brackets linear.
        return MarkdownIt("commonmark", {"maxNesting": 40}).enable("table").disable(["inline", "text_join"])

    @cached_property
    def _inline_parser(self) -> MarkdownIt:
        from markdown_it import MarkdownIt

        return MarkdownIt("commonmark")

    def _blocks(self, text: str, start: int) -> Iterator[Block]:
        body = text[start:]
        lines = Lines(body)
        collector = _Collector(lines)
        for token in self._block_parser.parse(body):
            collector.take(token)
        for block in collector.finished():
            label = self._label(collector.headings.get(block.start, "")) if block.kind is BlockKind.HEADING else ""
            yield replace(block, start=block.start + start, end=block.end + start, label=label)

    def _label(self, source: str) -> str:
        """A heading's words without markup."""
        if len(source) > LONGEST_HEADING:
            return clean_title(source)
        inline = self._inline_parser.parseInline(source)[0].children or []
        words = [" " if child.type in ("softbreak", "hardbreak") else child.content for child in inline]
        return clean_title("".join(words))


def _title(blocks: Sequence[Block], text: str) -> str:
    """The first heading of the first level, with "#" or, near the start, underlined."""
    named = ((at, block) for at, block in enumerate(blocks) if block.level == 1 and block.label)
    return next((block.label for at, block in named if at < TITLE_AMONG or text[block.start] == "#"), "")


class _Collector:
    """Turns markdown-it's tokens into blocks; knows in which list and quotation it is."""

    def __init__(self, lines: Lines) -> None:
        self.headings: dict[int, str] = {}
        self._lines = lines
        self._blocks: list[Block] = []
        self._comments: list[tuple[int, int]] = []
        self._lists = 0
        self._quotes = 0
        self._group = 0
        self._heading = -1
        self._in_head = False

    def take(self, token: Token) -> None:
        """The next token, in document order."""
        self._track(token)
        if token.type == "heading_open" and token.map:
            self._heading = self._add_heading(token)
        elif token.type == "inline" and self._heading >= 0:
            self.headings[self._heading] = token.content
            self._heading = -1
        elif token.type in LEAVES and token.map:
            self._add_leaf(token, token.map)

    def finished(self) -> list[Block]:
        """All blocks in order, with the words that no token covered as paragraphs of their own."""
        found = [*self._blocks, *self._uncovered()]
        return sorted(found, key=lambda block: block.start)

    def _track(self, token: Token) -> None:
        if token.type in LISTS or token.type == "table_open":
            # Nested lists belong to the outermost one.
            self._group += self._lists == 0
        if token.type in LISTS or token.type in {"bullet_list_close", "ordered_list_close"}:
            self._lists += token.nesting
        elif token.type.startswith("blockquote"):
            self._quotes += token.nesting
        elif token.type.startswith("thead"):
            self._in_head = token.nesting == 1

    def _add_heading(self, token: Token) -> int:
        first, beyond = token.map or (0, 0)
        if self._lists or self._quotes:
            # A heading inside a list item or a quotation does not divide the document.
            self._add(BlockKind.LIST_ITEM if self._lists else BlockKind.PARAGRAPH, first, beyond)
            return -1
        if token.markup in UNDERLINES and self._is_prose(first, beyond - 1):
            self._add(BlockKind.PARAGRAPH, first, beyond)
            return -1
        return self._add(BlockKind.HEADING, first, beyond, level=int(token.tag[1:]))

    def _is_prose(self, first: int, beyond: int) -> bool:
        """Whether lines above an underline are too many, or too long, for a heading."""
        start, end = self._lines.span(first, beyond)
        return beyond - first > UNDERLINED_LINES or end - start > UNDERLINED

    def _add_leaf(self, token: Token, lines: list[int]) -> None:
        kind = LEAVES[token.type]
        first, beyond = lines
        if kind is BlockKind.TABLE_ROW:
            # The delimiter line belongs to the header row.
            kind, beyond = (BlockKind.TABLE_HEADER, beyond + 1) if self._in_head else (kind, beyond)
        elif kind is BlockKind.PARAGRAPH and self._lists:
            kind = BlockKind.LIST_ITEM
        elif token.type == "html_block" and COMMENT.fullmatch(token.content):
            self._comments.append(self._lines.span(first, beyond))
            return
        self._add(kind, first, beyond)

    def _add(self, kind: BlockKind, first: int, beyond: int, level: int = 0) -> int:
        start, end = self._lines.span(first, beyond)
        if kind is BlockKind.CODE:
            # The first line keeps its indentation, as the others do.
            start = min(start, self._lines.start(first))
        if self._blocks:
            start = max(start, self._blocks[-1].end)
        if start >= end:
            return -1
        level = self._lists if kind is BlockKind.LIST_ITEM else level
        grouped = self._lists or kind in (BlockKind.TABLE_HEADER, BlockKind.TABLE_ROW)
        self._blocks.append(Block(kind, start, end, level=level, group=self._group if grouped else 0))
        return start

    def _uncovered(self) -> Iterator[Block]:
        """Lines with words that no block holds: what stands deeper than markdown-it follows."""
        end, position = len(self._lines.text), 0
        covered = sorted([*((block.start, block.end) for block in self._blocks), *self._comments])
        for start, beyond in [*covered, (end, end)]:
            yield from self._words_between(position, start)
            position = beyond

    def _words_between(self, start: int, end: int) -> Iterator[Block]:
        gap = Lines(self._lines.text[start:end])
        for line in range(len(gap)):
            first, beyond = gap.span(line, line + 1)
            words = gap.text[first:beyond]
            if any(map(str.isalnum, words)) and not REFERENCE.match(words) and not COMMENT.match(words):
                yield Block(BlockKind.PARAGRAPH, start + first, start + beyond)
