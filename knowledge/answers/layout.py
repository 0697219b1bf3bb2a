"""How a text is laid out: paragraphs, list items, table rows, headings and code, told apart line by line.

It reads Markdown and the plain text that comes out of PDF and Word files alike, since a passage says
nothing about its format.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class SpanKind(StrEnum):
    """What a unit is. A heading, a table's header and code never answer a question by themselves."""

    SENTENCE = "sentence"
    ITEM = "item"
    ROW = "row"
    HEADER = "header"
    HEADING = "heading"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """A run of lines of one kind, without its marker (`#`, `-`, `>`)."""

    kind: SpanKind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    text: str
    indent: int

    @property
    def body(self) -> str:
        return self.text[self.indent :]


FENCE = re.compile(r"(`{3,}|~{3,})")
ATX = re.compile(r"#{1,6}[ \t]+")
UNDERLINE = re.compile(r"(?:=+|-{2,})[ \t]*$")
RULE = re.compile(r"(?:[-*_=~.][ \t]*){3,}$")
DELIMITER_ROW = re.compile(r"\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
BULLET = re.compile(r"(?:[-*+•◦▪‣·●○■□–][ \t]+(?:\[[ xX]\][ \t]+)?|[•●▪])(?=\S)")
ORDERED = re.compile(r"(?:\(?(\d{1,3})[.)]|\(([a-zA-Z]{1,4})\)|([a-z])\))[ \t]+(?=\S)")
QUOTE = re.compile(r"(?:>[ \t]?)+")
UNQUOTABLE = re.compile(r"\[[^\]]+\]:[ \t]*\S+|<!--.*-->[ \t]*$|\[\^?TOC\]", re.IGNORECASE)
CAPITALS = re.compile(r"[^a-z]*[A-Z][^a-z]*$")
LABEL = re.compile(r"[A-Z][\w /&().#'’-]{0,40}:(?:[ \t]|$)")
ENDS_OPEN = re.compile(r"(?:[,;(–-]|\b(?:a|an|and|as|at|by|for|from|in|is|of|on|or|that|the|to|was|were|with))$")
SHORT_OF_WIDTH = 0.66
LONGEST_HEADING = 80


def blocks(text: str) -> Iterator[Block]:
    """The blocks of `text` in order; front matter, rules, link definitions and table rulers are left out."""
    return _Scanner(text).blocks()


def _lines(text: str) -> Iterator[_Line]:
    start = 0
    for raw in text.splitlines(keepends=True):
        line = raw.rstrip()
        yield _Line(start, start + len(line), line, len(line) - len(line.lstrip()))
        start += len(raw)


def _is_row(line: _Line) -> bool:
    return line.body.startswith("|") or line.body.count(" | ") >= 2 or line.body.count("\t") >= 2


class _Scanner:
    """Walks the lines once; `at` is the line that comes next."""

    def __init__(self, text: str) -> None:
        self.lines = list(_lines(text))
        self.at = 0
        self.in_list = False

    def blocks(self) -> Iterator[Block]:
        self._skip_front_matter()
        while self.at < len(self.lines):
            yield from self._next()

    def _skip_front_matter(self) -> None:
        if self.lines and self.lines[0].text == "---":
            closing = next((i for i, line in enumerate(self.lines[1:60], 1) if line.text == "---"), None)
            self.at = 0 if closing is None else closing + 1

    def _next(self) -> Iterator[Block]:
        line = self.lines[self.at]
        if not line.body:
            self.at += 1
        elif FENCE.match(line.body):
            yield from self._fenced()
        elif self._begins_code():
            yield from self._indented()
        elif self._is_left_out(line):
            self.at += 1
        elif heading := ATX.match(line.body):
            yield self._single(SpanKind.HEADING, line.indent + heading.end())
        elif self._is_underlined() or self._is_capitals(line):
            yield self._single(SpanKind.HEADING, line.indent)
        elif _is_row(line):
            yield self._row(line)
        elif marker := self._marker(line):
            yield self._item(line, marker.end())
        else:
            yield from self._paragraph(line)

    def _is_left_out(self, line: _Line) -> bool:
        return bool(RULE.match(line.body) or UNQUOTABLE.match(line.body) or DELIMITER_ROW.match(line.body))

    def _single(self, kind: SpanKind, skip: int) -> Block:
        line = self.lines[self.at]
        self.at += 1
        self.in_list = False
        return Block(kind, line.start + skip, line.end)

    def _fenced(self) -> Iterator[Block]:
        opening = FENCE.match(self.lines[self.at].body)
        mark = opening.group() if opening else "```"
        first = self.at = self.at + 1
        while self.at < len(self.lines) and not self.lines[self.at].body.startswith(mark):
            self.at += 1
        if self.at > first:
            yield Block(SpanKind.CODE, self.lines[first].start, self.lines[self.at - 1].end)
        self.at += 1

    def _begins_code(self) -> bool:
        line = self.lines[self.at]
        after_blank = self.at == 0 or not self.lines[self.at - 1].body
        deep = line.indent >= 4 or line.text.startswith("\t")
        return deep and after_blank and not self.in_list and not self._marker(line) and not _is_row(line)

    def _indented(self) -> Iterator[Block]:
        first = self.at
        while self.at < len(self.lines) and self.lines[self.at].body and self.lines[self.at].indent >= 1:
            self.at += 1
        yield Block(SpanKind.CODE, self.lines[first].start, self.lines[self.at - 1].end)

    def _is_underlined(self) -> bool:
        alone = self.at == 0 or not self.lines[self.at - 1].body
        below = self.lines[self.at + 1] if self.at + 1 < len(self.lines) else None
        return bool(alone and below and UNDERLINE.match(below.body) and len(self.lines[self.at].body) < 200)

    def _is_capitals(self, line: _Line) -> bool:
        return (
            4 <= len(line.body) <= LONGEST_HEADING
            and line.body[-1] not in ".!?,;"
            and not any(c.isdigit() for c in line.body)
            and bool(CAPITALS.match(line.body))
            and line.body.isascii()
        )

    def _row(self, line: _Line) -> Block:
        below = self.lines[self.at + 1] if self.at + 1 < len(self.lines) else None
        header = below is not None and bool(DELIMITER_ROW.match(below.body)) and "-" in below.body
        return self._single(SpanKind.HEADER if header else SpanKind.ROW, line.indent)

    def _marker(self, line: _Line) -> re.Match[str] | None:
        return BULLET.match(line.body) or ORDERED.match(line.body)

    def _item(self, line: _Line, skip: int) -> Block:
        self.in_list = True
        self.at += 1
        last = self._continue(line)
        return Block(SpanKind.ITEM, line.start + line.indent + skip, last.end)

    def _continue(self, line: _Line) -> _Line:
        """Moves past the wrapped lines of what began in `line`, and returns the last of them."""
        last = line
        while self.at < len(self.lines) and not self._begins_block(self.lines[self.at]):
            last = self.lines[self.at]
            self.at += 1
        return last

    def _begins_block(self, line: _Line) -> bool:
        if not line.body or FENCE.match(line.body) or ATX.match(line.body) or _is_row(line):
            return True
        if self._is_left_out(line) or BULLET.match(line.body):
            return True
        ordered = ORDERED.match(line.body)
        return bool(ordered and (self.in_list or ordered.group(1) == "1" or not ordered.group(1)))

    def _paragraph(self, line: _Line) -> Iterator[Block]:
        self.in_list = self.in_list and line.indent >= 2
        quote = QUOTE.match(line.body)
        begin = line.start + line.indent + (quote.end() if quote else 0)
        first = self.at
        self.at += 1
        self._continue(line)
        lines = self.lines[first : self.at]
        width = max(len(one.text) for one in lines)
        for this, following in zip(lines, [*lines[1:], None], strict=True):
            if following is None or _breaks(this, following, width):
                yield Block(SpanKind.SENTENCE, begin, this.end)
                begin = this.end


def _breaks(line: _Line, following: _Line, width: int) -> bool:
    """Whether the line break is meant: the line stops well before the others, or what follows is a labelled field."""
    if LABEL.match(following.body):
        return not ENDS_OPEN.search(line.body)
    if not following.body or not (following.body[0].isupper() or following.body[0].isdigit()):
        return False
    room = len(line.text) + len(following.body.split(maxsplit=1)[0])
    return room < SHORT_OF_WIDTH * width and not ENDS_OPEN.search(line.body)
