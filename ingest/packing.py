"""Cuts a run of blocks into spans that fit a budget of tokens, at the best places there are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from ingest.measure import Measure, last_white
from ingest.structure import Block, BlockKind

LINE = re.compile(r"[\r\n]+")
SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])")
WORD_LOOKBACK = 256
SMALLEST_PIECE = 8


class Cut(IntEnum):
    """How good a place is for a cut, worst first."""

    NEVER = 0
    WORD = 1
    SENTENCE = 2
    LINE = 3
    SIBLING = 4
    BLOCK = 5
    PAGE = 6


@dataclass(frozen=True, slots=True)
class Atom:
    """A span that is not cut; `before` says how good a cut in front of it is, `header` what a table row lacks."""

    start: int
    end: int
    before: Cut
    header: Block | None = None


@dataclass(frozen=True, slots=True)
class Packer:
    """Cuts the blocks of one text.

    `budget` is what prefix and special tokens leave for text; it is asked with the table header, if any,
    that the prefix has to repeat. `page_at` gives the page of a position.
    """

    text: str
    measure: Measure
    budget: Callable[[Block | None], int]
    page_at: Callable[[int], int | None]

    def pack(self, blocks: Sequence[Block]) -> Iterator[list[Atom]]:
        """Runs of neighbouring atoms, each within the budget; together they are all that stands in `blocks`."""
        atoms = self._atoms(blocks)
        first = 0
        while first < len(atoms):
            last = self._cut(atoms, first)
            yield atoms[first:last]
            first = last

    def _atoms(self, blocks: Sequence[Block]) -> list[Atom]:
        atoms: list[Atom] = []
        headers: dict[int, Block] = {}
        previous: Block | None = None
        title = 0  # what the headings right above cost
        for block in blocks:
            start, end = trimmed(self.text, block.start, block.end)
            if start == end:
                continue
            if block.kind is BlockKind.TABLE_HEADER:
                headers.setdefault(block.group, block)
            header = headers.get(block.group) if block.kind is BlockKind.TABLE_ROW else None
            before = self._cut_between(previous, block)
            room = self.budget(header) - (title if block.kind is BlockKind.PARAGRAPH else 0)
            for piece in self._pieces(start, end, max(room, SMALLEST_PIECE)):
                atoms.append(Atom(piece[0], piece[1], before if piece[0] == start else piece[2], header))
            title = title + self.measure.cost(start, end) if block.kind is BlockKind.HEADING else 0
            previous = block
        return atoms

    def _cut_between(self, previous: Block | None, block: Block) -> Cut:
        if previous is None or previous.kind is BlockKind.HEADING:
            return Cut.NEVER
        if previous.kind is BlockKind.TABLE_HEADER and previous.group == block.group:
            return Cut.NEVER
        if self.page_at(previous.start) != self.page_at(block.start):
            return Cut.PAGE
        return Cut.SIBLING if block.group and block.group == previous.group else Cut.BLOCK

    def _pieces(self, start: int, end: int, budget: int) -> Iterator[tuple[int, int, Cut]]:
        """A block in one piece where it fits, else its lines, else their sentences, else words, else anything."""
        if self.measure.cost(start, end) <= budget:
            yield start, end, Cut.LINE
            return
        for line in spans(self.text, start, end, LINE):
            if self.measure.cost(*line) <= budget:
                yield *line, Cut.LINE
                continue
            for number, sentence in enumerate(spans(self.text, *line, SENTENCE)):
                cut = Cut.SENTENCE if number else Cut.LINE
                for piece in self._words(*sentence, budget):
                    yield *piece, cut
                    cut = Cut.WORD

    def _words(self, start: int, end: int, budget: int) -> Iterator[tuple[int, int]]:
        if self.measure.cost(start, end) <= budget:
            yield start, end
            return
        step = max(budget // 4, SMALLEST_PIECE)
        while start < end:
            reach = max(self.measure.reach(start, end, step), start + 1)
            if reach < end:
                reach = last_white(self.text, max(start + 1, reach - WORD_LOOKBACK), reach) or reach
            piece = trimmed(self.text, start, reach)
            if piece[0] < piece[1]:
                yield piece
            start = reach

    def _cut(self, atoms: Sequence[Atom], first: int) -> int:
        """The index after the last atom of the span that begins with `first`."""
        begin = atoms[first].start
        budget = self.budget(atoms[first].header)
        fits = first + 1
        while fits < len(atoms) and self.measure.cost(begin, atoms[fits].end) <= budget:
            fits += 1
        if fits == len(atoms):
            return fits
        rest = self.measure.cost(begin, atoms[-1].end)
        # What fits in two spans is cut near its middle, so that no tiny rest is left over.
        wanted = rest / 2 if rest <= 2 * budget else budget
        least = min(budget / 2, wanted * 0.8)
        return max(range(first + 1, fits + 1), key=lambda index: self._merit(atoms, begin, index, least, wanted))

    def _merit(
        self, atoms: Sequence[Atom], begin: int, index: int, least: float, wanted: float
    ) -> tuple[bool, bool, int, float]:
        before, filled = atoms[index].before, self.measure.cost(begin, atoms[index - 1].end)
        enough = filled >= least
        return before is not Cut.NEVER, enough, int(before) if enough else 0, -abs(filled - wanted)


def spans(text: str, start: int, end: int, separator: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """What stands between the separators in `text[start:end]`, without white space around it."""
    for match in separator.finditer(text, start, end):
        piece = trimmed(text, start, match.end())
        if piece[0] < piece[1]:
            yield piece
        start = match.end()
    piece = trimmed(text, start, end)
    if piece[0] < piece[1]:
        yield piece


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without white space at either end; empty where there is nothing else."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
