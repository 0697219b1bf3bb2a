"""The walk over an HTML tree that turns elements into blocks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ingest.parsers.assembly import Assembly
from ingest.structure import BlockKind

if TYPE_CHECKING:
    from lxml.etree import _Element

UNSEEN_TAGS = """
head script style template noscript nav iframe object embed applet svg canvas audio video select datalist button
input dialog
"""
BLOCK_TAGS = """
address article aside blockquote body caption center dd details dir div dl dt fieldset figcaption figure footer form
h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu ol p pre section summary table tbody td tfoot th thead
tr ul
"""
UNSEEN = frozenset(UNSEEN_TAGS.split())
BLOCKS = frozenset(BLOCK_TAGS.split())
LISTS = frozenset({"ul", "ol", "dl", "menu", "dir"})
ITEMS = frozenset({"li", "dt", "dd"})
HEADINGS = {f"h{level}": level for level in range(1, 7)}
HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
LARGEST_SPAN = 1000


class HtmlText:
    """Walks without recursion, so that depth costs nothing."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._inline: list[str] = []
        self._heading = 0
        self._pre = 0
        self._lists: list[_List] = []
        self._table: _Table | None = None

    def read(self, root: _Element) -> None:
        """Add every block that a reader would see."""
        from lxml.etree import iterwalk

        unseen: _Element | None = None
        for event, element in iterwalk(root, events=("start", "end")):
            if unseen is None and event == "start":
                if _is_unseen(element):
                    unseen = element
                else:
                    self._enter(element)
            elif event == "end" and (unseen is None or unseen is element):
                if unseen is None:
                    self._leave(element)
                elif element.tag in BLOCKS and not self._table:
                    self._flush()
                unseen = None
                self._inline.append(element.tail or "")
        self._flush()

    def _enter(self, element: _Element) -> None:
        tag = str(element.tag)
        if tag == "br":
            self._inline.append("\n" if self._pre else "\v")
        elif self._table:
            self._table.enter(tag, element, self._taken() if tag in BLOCKS else "")
        elif tag in BLOCKS:
            self._flush()
            self._open(tag, element)
        self._inline.append(element.text or "")

    def _open(self, tag: str, element: _Element) -> None:
        if tag in HEADINGS:
            self._heading = HEADINGS[tag]
        elif tag == "pre":
            self._pre += 1
        elif tag in LISTS:
            group = self._lists[0].group if self._lists else self._assembly.new_group()
            self._lists.append(_List(tag, group, _number(element, "start", 1)))
        elif tag in ITEMS and self._lists:
            self._lists[-1].next_item()
        elif tag == "table" and _is_data(element):
            self._table = _Table(element)

    def _leave(self, element: _Element) -> None:
        tag = str(element.tag)
        if self._table:
            if tag in BLOCKS:
                self._table.leave(tag, self._taken())
            if self._table.element is element:
                self._table.write(self._assembly)
                self._table = None
        elif tag in BLOCKS:
            self._flush()
            if tag in HEADINGS:
                self._heading = 0
            elif tag == "pre":
                self._pre -= 1
            elif tag in LISTS and self._lists:
                self._lists.pop()

    def _taken(self) -> str:
        taken = "".join(self._inline)
        self._inline.clear()
        return taken

    def _flush(self) -> None:
        """Make a block of the inline text gathered so far."""
        raw = self._taken()
        if self._pre:
            self._assembly.add(BlockKind.CODE, raw)
            return
        content = "\n".join(" ".join(line.split()) for line in raw.split("\v")).strip()
        if self._heading:
            self._assembly.add(BlockKind.HEADING, " ".join(content.split()), level=self._heading)
        elif self._lists and content:
            innermost = self._lists[-1]
            marked = innermost.taken_marker() + content
            self._assembly.add(BlockKind.LIST_ITEM, marked, level=len(self._lists), group=innermost.group)
        else:
            self._assembly.add(BlockKind.PARAGRAPH, content)


class _List:
    """A list that is open: the marker waits for the first words of its item."""

    def __init__(self, tag: str, group: int, start: int) -> None:
        self.group = group
        self._tag = tag
        self._number = start
        self._marker = ""

    def next_item(self) -> None:
        self._marker = {"ol": f"{self._number}. ", "dl": ""}.get(self._tag, "- ")
        self._number += 1

    def taken_marker(self) -> str:
        marker, self._marker = self._marker, ""
        return marker


class _Table:
    """A table that is open: gathers the cells of its rows; cells that span rows are repeated in each."""

    def __init__(self, element: _Element) -> None:
        self.element = element
        self._caption = ""
        self._rows: list[tuple[list[str], bool]] = []
        self._cells: list[str] = []
        self._words: list[str] = []
        self._heads = 0
        self._rowspan = 1
        self._carried: dict[int, tuple[str, int]] = {}

    def enter(self, tag: str, element: _Element, before: str) -> None:
        self._words.append(before)
        if tag in ("td", "th"):
            self._words = []
            self._heads += tag == "th"
            self._rowspan = min(_number(element, "rowspan", 1), LARGEST_SPAN)
        elif tag == "tr":
            self._end_row()

    def leave(self, tag: str, inside: str) -> None:
        self._words.append(inside)
        if tag in ("td", "th"):
            self._add_carried()
            cell = " ".join(self._words).replace("\v", " ")
            if self._rowspan > 1:
                self._carried[len(self._cells)] = (cell, self._rowspan)
            self._cells.append(cell)
            self._words = []
        elif tag == "tr":
            self._end_row()
        elif tag == "caption":
            self._caption, self._words = " ".join(self._words), []

    def write(self, assembly: Assembly) -> None:
        self._end_row()
        group = assembly.new_group()
        assembly.add(BlockKind.PARAGRAPH, " ".join(self._caption.split()))
        for number, (cells, header) in enumerate(self._rows):
            assembly.add_row(cells, group=group, header=header and number == 0)

    def _add_carried(self) -> None:
        while (column := len(self._cells)) in self._carried and self._carried[column][1] > 0:
            self._cells.append(self._carried[column][0])

    def _end_row(self) -> None:
        if self._cells:
            own = len(self._cells)
            self._add_carried()
            self._rows.append((self._cells, self._heads == own))
            self._carried = {at: (cell, left - 1) for at, (cell, left) in self._carried.items() if left > 1}
        self._cells, self._heads = [], 0


def _is_unseen(element: _Element) -> bool:
    tag = element.tag
    if not isinstance(tag, str) or tag in UNSEEN:
        return True
    if "hidden" in element.attrib or element.get("aria-hidden") == "true" or element.get("role") == "navigation":
        return True
    return bool(HIDING.search(element.get("style") or ""))


def _is_data(table: _Element) -> bool:
    """Whether a table holds rows and columns rather than the layout of a page."""
    if next(table.iterdescendants("table"), None) is not None:
        return False
    structured = next(table.iterdescendants("pre", *HEADINGS), None) is not None
    return not structured or next(table.iterdescendants("th"), None) is not None


def _number(element: _Element, attribute: str, default: int) -> int:
    value = (element.get(attribute) or "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 7 else default
