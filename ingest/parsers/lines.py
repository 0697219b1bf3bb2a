"""The lines of a text and where they stand in it."""

from __future__ import annotations

import re

LINE_BREAK = re.compile(r"\r\n?|\n")


class Lines:
    """Line numbers, from 0, turned into spans; a line ends at \\n, \\r\\n or \\r, as in CommonMark."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(found.end() for found in LINE_BREAK.finditer(text))]

    def __len__(self) -> int:
        return len(self._starts)

    def start(self, line: int) -> int:
        """Where a line begins; the end of the text for lines beyond it."""
        return self._starts[line] if line < len(self._starts) else len(self.text)

    def span(self, first: int, beyond: int) -> tuple[int, int]:
        """The lines `first` up to `beyond`, without white space around them."""
        return trimmed(self.text, self.start(first), self.start(beyond))


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without the white space at both its ends; empty where there is nothing else."""
    part = text[start:end]
    left = start + len(part) - len(part.lstrip())
    return left, max(left, start + len(part.rstrip()))
