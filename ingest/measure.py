"""What a span of text costs in the embedder's tokens, counted once for a whole document."""

from __future__ import annotations

from array import array
from bisect import bisect_left

from knowledge.embedding.embedder import TokenCounter

WINDOW = 1 << 16
# A tokenizer may turn a very long word into one unknown token and drop characters that it does not know.
# Neither may make a chunk of any length, so such stretches cost what ordinary text of that length would.
LONGEST_WORD = 32
WORD_STEP = 4
LONGEST_GAP = 64
GAP_STEP = 16


class Measure:
    """The token starts of one text. A cost is two bisections, so that packing is linear in the text."""

    def __init__(self, text: str, counter: TokenCounter) -> None:
        self._starts = array("q")
        for start, end in _windows(text):
            self._measure(text, start, end, counter)

    def cost(self, start: int, end: int) -> int:
        """About how many tokens begin in `text[start:end]`; exact where the span begins and ends at white space."""
        return bisect_left(self._starts, end) - bisect_left(self._starts, start)

    def reach(self, start: int, end: int, budget: int) -> int:
        """The furthest position, at most `end`, up to which the text from `start` costs at most `budget`."""
        index = bisect_left(self._starts, start) + budget
        return min(end, self._starts[index]) if index < len(self._starts) else end

    def _measure(self, text: str, start: int, end: int, counter: TokenCounter) -> None:
        starts, last = self._starts, start
        for first, stop in counter.offsets(text[start:end]):
            first, stop = first + start, stop + start
            if first - last > LONGEST_GAP:
                self._fill_gap(text, last, first)
            starts.append(first)
            if stop - first > LONGEST_WORD:
                starts.extend(range(first + WORD_STEP, stop, WORD_STEP))
            last = max(last, stop)
        if end - last > LONGEST_GAP:
            self._fill_gap(text, last, end)

    def _fill_gap(self, text: str, start: int, end: int) -> None:
        if not text[start:end].isspace():
            self._starts.extend(range(start, end, GAP_STEP))


def _windows(text: str) -> list[tuple[int, int]]:
    """Stretches of the text that are tokenized at a time: long texts would take gigabytes otherwise."""
    windows, start = [], 0
    while start < len(text):
        end = min(start + WINDOW, len(text))
        if end < len(text):
            end = last_white(text, end - 1024, end) or end
        windows.append((start, end))
        start = end
    return windows


def last_white(text: str, start: int, end: int) -> int | None:
    """The position after the last white space in `text[start:end]`, or None where there is none."""
    for position in range(end - 1, start - 1, -1):
        if text[position].isspace():
            return position + 1
    return None
