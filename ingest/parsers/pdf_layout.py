"""From lines on a page to paragraphs, headings, lists and tables."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from statistics import median

from ingest.parsers.pdf_lines import Line, Page

BULLET = re.compile(r"(?:[•▪●○◦■□–—*·‣-]|\(?(?:\d{1,2}|[a-zA-Z]|[ivx]{1,4})[.)])\s+\S")
PAGE_NUMBER = re.compile(r"\W*page\s*#(\s*(of|/)\s*#)?\W*|#\s*(of|/)\s*#", re.IGNORECASE)
BARE_NUMBER = re.compile(r"\W*#\W*")
SENTENCE_END = (".", "!", "?", ":", ";", "”", '"')
MARGIN = 0.1
# Shares of the line height, or of the page's usual step from line to line.
WIDER_STEP = 1.3
LARGER = 1.14


class Shape(Enum):
    """What the lines of a paragraph look like."""

    PROSE = "prose"
    ITEM = "item"
    ROW = "row"
    MARGIN = "margin"


class Running(Enum):
    """A header or footer: where it appears first, and where it is repeated."""

    FIRST = "first"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that belong together."""

    page: int
    lines: tuple[Line, ...]
    shape: Shape

    @property
    def height(self) -> float:
        """The height of its first line."""
        return self.lines[0].height

    @property
    def cells(self) -> list[str]:
        """The cells of a row, each with the lines that stand below it."""
        first, *below = self.lines
        cells = list(first.cells)
        for line in below:
            reached = [column for column, edge in enumerate(first.edges) if edge <= line.left + 0.5 * line.height]
            cells[reached[-1] if reached else 0] += f" {line.text}"
        return cells

    @property
    def words(self) -> str:
        """Its text on one line, for comparisons."""
        return " ".join(line.text for line in self.lines)


def paragraphs(pages: Sequence[Page]) -> Iterator[Paragraph]:
    """The paragraphs of all pages in order, without what is repeated in the margins."""
    running = _running_lines(pages)
    for page in pages:
        shapes = {line: running.get((page.number, line)) for line in page.lines}
        kept = [line for line in page.lines if shapes[line] is not Running.AGAIN]
        for group in _groups(kept, frozenset(line for line in kept if shapes[line])):
            yield Paragraph(page.number, tuple(group), Shape.MARGIN if shapes[group[0]] else _shape(group))


def type_sizes(paragraphs: Iterable[Paragraph]) -> dict[float, float]:
    """The heights of lines, most used first, each with its share of all characters."""
    weights: Counter[float] = Counter()
    for paragraph in paragraphs:
        for line in paragraph.lines:
            weights[round(line.height, 1)] += len(line.text)
    return {height: weight / weights.total() for height, weight in weights.most_common()}


def _running_lines(pages: Sequence[Page]) -> dict[tuple[int, Line], Running]:
    """Headers and footers: what half of the pages or more repeat in their margins, numbers aside."""
    places: dict[str, list[tuple[int, Line]]] = {}
    for page in pages:
        for line in page.lines:
            if page.height and not MARGIN < line.bottom / page.height < 1 - MARGIN:
                places.setdefault(re.sub(r"\d+", "#", line.text), []).append((page.number, line))
    running: dict[tuple[int, Line], Running] = {}
    for words, found in places.items():
        repeated = len({number for number, _ in found}) >= max(3, len(pages) // 2)
        if repeated or PAGE_NUMBER.fullmatch(words):
            running.update(dict.fromkeys(found, Running.AGAIN))
            if not (PAGE_NUMBER.fullmatch(words) or BARE_NUMBER.fullmatch(words)):
                running[found[0]] = Running.FIRST
    return running


def _groups(lines: Sequence[Line], margins: frozenset[Line]) -> Iterator[list[Line]]:
    page = _Setting(lines)
    group: list[Line] = []
    for line in lines:
        if group and (group[-1] in margins or line in margins or page.breaks(group, line)):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


class _Setting:
    """How a page is set: the step from line to line, and how far its lines reach."""

    def __init__(self, lines: Sequence[Line]) -> None:
        steps = [before.last_bottom - after.bottom for before, after in pairwise(lines)]
        near = [step for step, line in zip(steps, lines[1:], strict=True) if 0.5 * line.height < step < 2 * line.height]
        self._step = median(near) if near else 0.0
        self._right = max((line.right for line in lines), default=0.0)

    def breaks(self, group: Sequence[Line], line: Line) -> bool:
        """Whether `line` begins another paragraph than `group`."""
        first, before = group[0], group[-1]
        step = before.last_bottom - line.bottom
        # Double spacing is the usual step of some pages, a stray gap that of others: neither alone decides.
        far = step > WIDER_STEP * (min(self._step, 1.5 * line.height) or line.height)
        if far or step < -0.3 * line.height or not _alike(before.height, line.height) or len(line.cells) > 1:
            return True
        if len(first.cells) > 1:
            # What stands indented below a row belongs to one of its cells.
            return line.left < first.left + line.height
        return self._ends(group, line) or self._begins_item(first, before, line)

    def _ends(self, group: Sequence[Line], line: Line) -> bool:
        before = group[-1]
        indented = line.left > before.left + line.height
        short = before.right < 0.8 * max(member.right for member in group)
        return before.text.endswith(SENTENCE_END) and (indented or short)

    def _begins_item(self, first: Line, before: Line, line: Line) -> bool:
        if not BULLET.match(line.text):
            return False
        ended = before.text.endswith(SENTENCE_END) or before.right < 0.7 * self._right
        return ended or line.left < before.left or bool(BULLET.match(first.text))


def _alike(one: float, other: float) -> bool:
    return abs(one - other) <= 0.15 * max(one, other)


def _shape(group: Sequence[Line]) -> Shape:
    first = group[0]
    if BULLET.match(first.text):
        return Shape.ITEM
    return Shape.ROW if len(first.cells) > 1 else Shape.PROSE
