"""The adapter to PDFium: the lines of each page, in the page's own order, with where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from ctypes import byref, c_int
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from knowledge.errors import NeedsPassword, ParseError

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage, PdfTextPage

# What PDFium puts for a hyphen at the end of a line, in place of the hyphen and the line break.
LINE_HYPHEN = "\ufffe"
LINE_BREAK = re.compile(r"[\r\n]+")
# A gap this many times the height of the line separates two cells of a table.
CELL_GAP = 1.6
WRONG_PASSWORD = 4
# Corners are asked for in whole units of a page that is so many units wide and high.
UNITS = 1_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page: its cells with their left edges, and its box in points from the lower left corner.

    `bottom` is that of the first character, `last_bottom` that of the last one.
    """

    cells: tuple[str, ...]
    edges: tuple[float, ...]
    right: float
    bottom: float
    last_bottom: float
    height: float

    @property
    def left(self) -> float:
        """The left edge of the first cell."""
        return self.edges[0]

    @property
    def text(self) -> str:
        """The cells, a space between each two."""
        return " ".join(self.cells)


@dataclass(frozen=True, slots=True)
class Page:
    """The lines of one page, from 1; `has_content` tells a scan from a blank page."""

    number: int
    height: float
    lines: tuple[Line, ...]
    has_content: bool


@dataclass(frozen=True, slots=True)
class Outlined:
    """An entry of the outline: its words, its depth from 1 and its page."""

    title: str
    level: int
    page: int


@dataclass(frozen=True, slots=True)
class PdfContent:
    """What an adapter read from a PDF; `unreadable` names the pages that it could not."""

    pages: tuple[Page, ...]
    outline: tuple[Outlined, ...] = ()
    info: tuple[tuple[str, str], ...] = ()
    unreadable: tuple[int, ...] = ()


def read_with_pdfium(data: bytes, name: str) -> PdfContent:
    """The lines of every page; raises `NeedsPassword`, and `ParseError` for what PDFium refuses."""
    document = _opened(data, name)
    try:
        return _content(document)
    finally:
        document.close()


def shown_pages(data: bytes, name: str, numbers: Iterable[int]) -> Iterator[ShownPage]:
    """The pages with these numbers that the file has and PDFium can read; each may be used until the next one.

    Raises as `read_with_pdfium` does.
    """
    import pypdfium2

    document = _opened(data, name)
    try:
        for number in numbers:
            if not 0 < number <= len(document):
                continue
            try:
                page = document[number - 1]
                text_page = page.get_textpage()
            except pypdfium2.PdfiumError:
                continue
            yield ShownPage(number, page, text_page)
            page.close()
    finally:
        document.close()


def _opened(data: bytes, name: str) -> PdfDocument:
    import pypdfium2

    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code == WRONG_PASSWORD:
            raise needs_password(name) from None
        raise ParseError(f"{name} is not a readable PDF:", hint="open it in a PDF viewer and save it again.") from None


def needs_password(name: str) -> NeedsPassword:
    """The refusal of an encrypted PDF."""
    return NeedsPassword(f"{name} is encrypted:", hint="save a copy without a password and ingest that.")


def _content(document: PdfDocument) -> PdfContent:
    import pypdfium2

    pages: list[Page] = []
    unreadable: list[int] = []
    for index in range(len(document)):
        try:
            pages.append(_page(document, index))
        except pypdfium2.PdfiumError:
            unreadable.append(index + 1)
            pages.append(Page(index + 1, 0, (), has_content=True))
    info = tuple((key, str(value)) for key, value in document.get_metadata_dict(skip_empty=True).items())
    return PdfContent(tuple(pages), tuple(_outline(document)), info, tuple(unreadable))


def _page(document: PdfDocument, index: int) -> Page:
    page = document[index]
    try:
        text_page = page.get_textpage()
        lines = tuple(_lines(text_page))
        has_content = bool(lines) or any(True for _ in page.get_objects(max_depth=1))
        return Page(index + 1, page.get_height(), lines, has_content)
    finally:
        page.close()


def _outline(document: PdfDocument) -> Iterator[Outlined]:
    for entry in document.get_toc(max_depth=6):
        target = entry.get_dest()
        page = target.get_index() if target else None
        if page is not None:
            yield Outlined(entry.get_title(), entry.level + 1, page + 1)


def _lines(text_page: PdfTextPage) -> Iterator[Line]:
    text = text_page.get_text_range()
    boxes = _Boxes(text_page, exact=len(text) == text_page.count_chars())
    position = 0
    for found in [*LINE_BREAK.finditer(text), None]:
        end = found.start() if found else len(text)
        words = text[position:end]
        start = position + len(words) - len(words.lstrip())
        last = position + len(words.rstrip()) - 1
        if start <= last:
            yield _line(text, start, last, boxes)
        position = found.end() if found else end


def _line(text: str, start: int, last: int, boxes: _Boxes) -> Line:
    left, bottom, _, top = boxes.box(start)
    _, last_bottom, right, _ = boxes.box(last)
    height = top - bottom
    begins, edges = [start], [left]
    at = text.find(" ", start, last)
    while at > 0:
        if boxes.gap(at) > CELL_GAP * height > 0:
            begins.append(at + 1)
            edges.append(boxes.box(at + 1)[0])
        at = text.find(" ", at + 1, last)
    cells = [text[a:b].strip() for a, b in zip(begins, [*begins[1:], last + 1], strict=True)]
    return Line(tuple(cells), tuple(edges), right, bottom, last_bottom, height)


class _Boxes:
    """Where the characters of a page stand."""

    def __init__(self, text_page: PdfTextPage, *, exact: bool) -> None:
        import pypdfium2.raw as raw

        self._raw: Any = raw
        self._handle = text_page.raw
        self._exact = exact
        self._box, self._next = raw.FS_RECTF(), raw.FS_RECTF()
        self._box_pointer, self._next_pointer = byref(self._box), byref(self._next)

    def box(self, index: int) -> tuple[float, float, float, float]:
        """Left, bottom, right and top of a character, at the full height of its font."""
        box = self._box
        if not self._raw.FPDFText_GetLooseCharBox(self._handle, self._number(index), self._box_pointer):
            return 0.0, 0.0, 0.0, 0.0
        return box.left, box.bottom, box.right, box.top

    def gap(self, index: int) -> float:
        """The room between the characters before and after a space."""
        measure = self._raw.FPDFText_GetLooseCharBox
        # Called for every space of every page: hence the two boxes that are used again and again.
        before = measure(self._handle, self._number(index - 1), self._box_pointer)
        after = measure(self._handle, self._number(index + 1), self._next_pointer)
        return float(self._next.left - self._box.right) if before and after else 0.0

    def _number(self, index: int) -> int:
        """PDFium numbers characters that it does not return; the rare pages that have some need a translation."""
        if self._exact:
            return index
        return max(0, int(self._raw.FPDFText_GetCharIndexFromTextIndex(self._handle, index)))


class ShownPage:
    """One page as a viewer shows it: its characters in its own order, and where each of them stands."""

    def __init__(self, number: int, page: PdfPage, text_page: PdfTextPage) -> None:
        self.number = number
        self.text: str = text_page.get_text_range()
        self._page: Any = page
        self._boxes = _Boxes(text_page, exact=len(self.text) == text_page.count_chars())

    def box(self, index: int) -> tuple[float, float, float, float] | None:
        """Left, top, right and bottom of a character as fractions of the page, from its upper left corner.

        None for what takes no room, such as a line break. Turned and cropped pages count as they are shown.
        """
        left, bottom, right, top = self._boxes.box(index)
        if right <= left or top <= bottom:
            return None
        corners = [self._shown(left, bottom), self._shown(right, top)]
        (x0, x1), (y0, y1) = (sorted(values) for values in zip(*corners, strict=True))
        return x0, y0, x1, y1

    def _shown(self, x: float, y: float) -> tuple[float, float]:
        import pypdfium2.raw as raw

        across, down = c_int(), c_int()
        raw.FPDF_PageToDevice(self._page.raw, 0, 0, UNITS, UNITS, 0, x, y, byref(across), byref(down))
        return min(1.0, max(0.0, across.value / UNITS)), min(1.0, max(0.0, down.value / UNITS))
