"""A quotation made readable: Markdown and line breaks removed, table rows spelled out."""

from __future__ import annotations

import html
import re

IMAGE = re.compile(r"!\[([^\]]*)\]\([^)]*\)")
LINK = re.compile(r"\[([^\]]+)\]\([^)\s]*(?:\s+\"[^\"]*\")?\)")
REFERENCE = re.compile(r"\[([^\]]+)\]\[[^\]]*\]")
FOOTNOTE = re.compile(r"\[(?:\d{1,3}|\^[\w-]+|citation needed|note \d+)\]")
EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3}|_{1,3})(?=\S)(.+?)(?<=\S)\1(?![\w*])")
STRAY_EMPHASIS = re.compile(r"(?<!\w)\*\*|\*\*(?!\w)")
TICKS = re.compile(r"(`+)([^`]+)\1")
TAG = re.compile(
    r"</?(?:a|abbr|b|br|code|div|em|i|img|kbd|li|ol|p|pre|span|strong|sub|sup|table|td|th|tr|u|ul)\b[^<>]*>",
    re.IGNORECASE,
)
LINE_MARKER = re.compile(r"^[ \t]*(?:#{1,6}|>+|[-*+•])[ \t]+", re.MULTILINE)
SPACE_BEFORE = re.compile(r" +([,.;:!?])(?=\s|$)")
# Without any of these there is no mark-up to remove.
MARKS = re.compile(r"[\[\]<>*_`&#•]|^[ \t]*[-+][ \t]", re.MULTILINE)
CELL_BREAK = re.compile(r"(?<!\\)\||\t")


def plain(quote: str) -> str:
    """`quote` as one line for people to read; words and their order stay."""
    if not MARKS.search(quote):
        return SPACE_BEFORE.sub(r"\1", " ".join(quote.split()))
    text = IMAGE.sub(r"\1", quote)
    for pattern in (LINK, REFERENCE):
        text = pattern.sub(r"\1", text)
    text = TAG.sub(" ", FOOTNOTE.sub("", LINE_MARKER.sub("", text)))
    text = TICKS.sub(r"\2", STRAY_EMPHASIS.sub("", EMPHASIS.sub(r"\2", text)))
    return SPACE_BEFORE.sub(r"\1", " ".join(html.unescape(text).split()))


def plain_list(quote: str) -> str:
    """A quotation of several list items as one readable line for each."""
    lines = [plain(line) for line in quote.splitlines() if line.strip()]
    return "\n".join(f"- {re.sub(r'^(?:[•▪·]|[(]?[0-9]{1,3}[.)])[ ]*', '', line)}" for line in lines if line)


def cells(row: str) -> list[str]:
    """The cells of a table row, made readable."""
    return [plain(cell) for cell in CELL_BREAK.split(row.strip().strip("|"))]


def plain_row(row: str, header: str = "") -> str:
    """A table row as `name: value`, with the header's words for the columns beyond the second."""
    values, names = cells(row), cells(header) if header else []
    if any(value.endswith(":") for value in values):
        return re.sub(r":,( |$)", r":\1", ", ".join(value for value in values if value)).rstrip(",")
    if len(values) == 2:
        return ": ".join(value for value in values if value)
    if len(names) != len(values):
        return ", ".join(value for value in values if value)
    labelled = [
        f"{name}: {value}" if name else value for name, value in zip(names[1:], values[1:], strict=True) if value
    ]
    return "; ".join([values[0], *labelled]) if values[0] else "; ".join(labelled)
