"""What is indexed together with a chunk's text and never quoted: title, heading path, header of a continued table."""

from __future__ import annotations

from ingest.structure import Block
from knowledge.embedding.embedder import TokenCounter

SEPARATOR = " > "
MOST_TOKENS = 64
LONGEST_LABEL = 4096


class Prefixes:
    """The prefixes of one document and their costs, each worked out once.

    Title and headings together cost at most 64 tokens or a quarter of a chunk's limit, and so does a table header.
    """

    def __init__(self, title: str, text: str, limit: int, counter: TokenCounter) -> None:
        self._title = _one_line(title)
        self._text = text
        self._most = min(MOST_TOKENS, limit // 4)
        self._counter = counter
        self._texts: dict[tuple[tuple[str, ...], Block | None], str] = {}
        self._costs: dict[tuple[tuple[str, ...], Block | None], int] = {}

    def text(self, headings: tuple[str, ...], header: Block | None) -> str:
        """The prefix below `headings`; with `header`, its first line follows on a line of its own."""
        key = (headings, header)
        if key not in self._texts:
            path = self._path(headings)
            columns = self._clipped(self._first_line(header), self._most) if header else ""
            self._texts[key] = "\n".join(part for part in (path, columns) if part)
        return self._texts[key]

    def cost(self, headings: tuple[str, ...], header: Block | None) -> int:
        """How many tokens that prefix takes from a chunk."""
        key = (headings, header)
        if key not in self._costs:
            prefix = self.text(headings, header)
            self._costs[key] = self._counter.count(f"{prefix}\n") if prefix else 0
        return self._costs[key]

    def _path(self, headings: tuple[str, ...]) -> str:
        """Title and headings. Where they are too long, headings in the middle go first, then the ends are clipped."""
        parts = _without_repeats([self._title, *map(_one_line, headings)])
        while len(parts) > 2 and self._too_long(parts):
            del parts[1]
        if self._too_long(parts):
            share = self._most // len(parts) - self._counter.count(SEPARATOR)
            parts = [self._clipped(part, share) for part in parts]
        return SEPARATOR.join(parts)

    def _too_long(self, parts: list[str]) -> bool:
        return self._counter.count(SEPARATOR.join(parts)) > self._most

    def _clipped(self, text: str, most: int) -> str:
        offsets = self._counter.offsets(text)
        return text if len(offsets) <= most else text[: offsets[most][0]].rstrip()

    def _first_line(self, header: Block) -> str:
        words = self._text[header.start : min(header.end, header.start + LONGEST_LABEL)].strip()
        return words.splitlines()[0] if words else ""


def _one_line(text: str) -> str:
    return " ".join(text[:LONGEST_LABEL].split())


def _without_repeats(parts: list[str]) -> list[str]:
    """The parts that say something new: a first heading often repeats the title."""
    kept: list[str] = []
    for part in parts:
        if part and (not kept or part.casefold() != kept[-1].casefold()):
            kept.append(part)
    return kept
