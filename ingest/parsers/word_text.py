"""The walk over the body of a Word document that turns paragraphs and tables into blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ingest.parsers.assembly import Assembly
from ingest.parsers.word_numbering import Numbering
from ingest.parsers.word_styles import MONOSPACE, Style, Styles, W
from ingest.structure import BlockKind

MATH_TEXT = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# Wrappers around paragraphs, tables, rows and cells that a reader does not see.
WRAPPERS = frozenset(f"{W}{tag}" for tag in ("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag"))
# Deleted text, settings, text boxes (which are blocks of their own) and the second copies that Word keeps of them.
SKIPPED = frozenset({*(f"{W}{tag}" for tag in ("del", "moveFrom", "pPr", "rPr", "txbxContent")), FALLBACK})
CHARACTERS = {f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
BULLET = re.compile(r"\s*[•▪●○◦–—-]\s")
TEXTS = frozenset({f"{W}t", MATH_TEXT})


class WordText:
    """Adds the body's blocks to an assembly, in reading order."""

    def __init__(self, assembly: Assembly, styles: Styles, numbering: Numbering) -> None:
        self._assembly = assembly
        self._styles = styles
        self._numbering = numbering
        self._code: list[str] = []
        self._group = 0

    def read(self, body: Any) -> None:
        """Add every block of the body."""
        self._read(body)
        self._end_code()

    def _read(self, container: Any) -> None:
        for element in _unwrapped(container):
            if element.tag == f"{W}p":
                self._paragraph(element)
            elif element.tag == f"{W}tbl":
                self._table(element)

    def _paragraph(self, paragraph: Any) -> None:
        text = paragraph_text(paragraph)
        style = self._style(paragraph)
        if style.is_code or (text.strip() and _is_monospaced(paragraph)):
            self._code.append(text)
        elif text.strip() or not self._code:
            self._end_code()
            self._add(paragraph, text, style)
        else:
            self._code.append("")
        for box in paragraph.iter(f"{W}txbxContent"):
            # Boxes in boxes are found by the paragraphs that hold them.
            innermost = next(box.iterancestors(f"{W}p")) is paragraph
            if innermost and next(box.iterancestors(FALLBACK), None) is None:
                self._end_code()
                self._read(box)

    def _add(self, paragraph: Any, text: str, style: Style) -> None:
        if not text.strip():
            return
        level = _outline_level(paragraph) or style.level
        number, depth, direct = _list_position(paragraph)
        if level:
            self._group = 0
            self._assembly.add(BlockKind.HEADING, " ".join(text.split()), level=level)
        elif (direct and number != "0") or (style.is_list and number != "0"):
            self._group = self._group or self._assembly.new_group()
            marker = "" if BULLET.match(text) else self._numbering.marker(number or style.numbering, depth)
            self._assembly.add(BlockKind.LIST_ITEM, marker + text.strip(), level=depth + 1, group=self._group)
        else:
            self._group = 0
            self._assembly.add(BlockKind.PARAGRAPH, text)

    def _end_code(self) -> None:
        if self._code:
            self._group = 0
            self._assembly.add(BlockKind.CODE, "\n".join(self._code).strip("\n"))
            self._code.clear()

    def _table(self, table: Any) -> None:
        self._end_code()
        rows = [list(_children(row, "tc")) for row in _children(table, "tr")]
        self._group = 0
        if len(rows) == 1 and len(rows[0]) == 1:
            # A table of one cell is a frame around ordinary text.
            self._read(rows[0][0])
            self._end_code()
            return
        group = self._assembly.new_group()
        above: list[str] = []
        for number, cells in enumerate(rows):
            above = [_cell_text(cell, above[column : column + 1]) for column, cell in enumerate(cells)]
            header = number == 0 and len(rows) > 1 and self._is_header(table, cells)
            self._assembly.add_row(above, group=group, header=header)

    def _is_header(self, table: Any, cells: list[Any]) -> bool:
        row = next(_children(table, "tr"))
        look = table.find(f"{W}tblPr/{W}tblLook")
        if row.find(f"{W}trPr/{W}tblHeader") is not None or (look is not None and _marks_first_row(look)):
            return True
        paragraphs = [paragraph for cell in cells for paragraph in cell.iter(f"{W}p")]
        return bool(paragraphs) and all(self._style(paragraph).is_table_header for paragraph in paragraphs)

    def _style(self, paragraph: Any) -> Style:
        style = paragraph.find(f"{W}pPr/{W}pStyle")
        return self._styles.get(style.get(f"{W}val") if style is not None else None)


def paragraph_text(paragraph: Any) -> str:
    """What a reader sees of a paragraph once all changes are accepted."""
    parts: list[str] = []
    pending = [iter(paragraph)]
    while pending:
        element = next(pending[-1], None)
        if element is None:
            pending.pop()
        elif element.tag in TEXTS:
            parts.append(element.text or "")
        elif element.tag in CHARACTERS:
            parts.append(CHARACTERS[element.tag])
        elif isinstance(element.tag, str) and element.tag not in SKIPPED and not _is_hidden(element):
            pending.append(iter(element))
    return "".join(parts)


def _unwrapped(container: Any) -> Iterator[Any]:
    """The elements of a container, and of the wrappers in it, in order."""
    pending = [iter(container)]
    while pending:
        element = next(pending[-1], None)
        if element is None:
            pending.pop()
        elif element.tag in WRAPPERS:
            pending.append(iter(element))
        else:
            yield element


def _children(container: Any, tag: str) -> Iterator[Any]:
    return (element for element in _unwrapped(container) if element.tag == f"{W}{tag}")


def _cell_text(cell: Any, above: list[str]) -> str:
    """A cell's words; those of the cell above where the two are merged."""
    merged = cell.find(f"{W}tcPr/{W}vMerge")
    if merged is not None and merged.get(f"{W}val") != "restart" and above:
        return above[0]
    return " ".join(paragraph_text(paragraph) for paragraph in cell.iter(f"{W}p"))


def _is_hidden(element: Any) -> bool:
    if element.tag != f"{W}r":
        return False
    hidden = element.find(f"{W}rPr/{W}vanish")
    return hidden is not None and hidden.get(f"{W}val") not in ("0", "false")


def _is_monospaced(paragraph: Any) -> bool:
    """Whether every run with words is set in a typewriter's font."""
    runs = [run for run in paragraph.iter(f"{W}r") if any((t.text or "").strip() for t in run.iterfind(f"{W}t"))]
    fonts = [run.find(f"{W}rPr/{W}rFonts") for run in runs]
    return bool(fonts) and all(font is not None and MONOSPACE.search(font.get(f"{W}ascii") or "") for font in fonts)


def _outline_level(paragraph: Any) -> int:
    outline = paragraph.find(f"{W}pPr/{W}outlineLvl")
    value = outline.get(f"{W}val") or "" if outline is not None else ""
    return min(6, int(value) + 1) if value.isdigit() and int(value) < 9 else 0


def _list_position(paragraph: Any) -> tuple[str, int, bool]:
    """The list a paragraph is put into, its depth from 0, and whether that is said of itself and not of its style."""
    setting = paragraph.find(f"{W}pPr/{W}numPr")
    if setting is None:
        return "", 0, False
    number, level = setting.find(f"{W}numId"), setting.find(f"{W}ilvl")
    depth = level.get(f"{W}val") or "" if level is not None else ""
    name = number.get(f"{W}val") or "" if number is not None else ""
    return name, min(8, int(depth)) if depth.isdigit() else 0, bool(name)


def _marks_first_row(look: Any) -> bool:
    if look.get(f"{W}firstRow") is not None:
        return look.get(f"{W}firstRow") in ("1", "true")
    value = look.get(f"{W}val") or "0"
    return bool(int(value, 16) & 0x20) if all(digit in "0123456789abcdefABCDEF" for digit in value) else False
