"""From a parsed document to the chunks that are indexed.

A chunk keeps to one section, except that small sections under one heading share a chunk. Chunks do not
overlap, and together they hold every block of the document.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import partial

from ingest.measure import Measure
from ingest.outline import Heading, Section, common, labels, sections
from ingest.packing import Atom, Packer, trimmed
from ingest.prefix import Prefixes
from ingest.structure import Block, ParsedDocument
from knowledge.card import ChunkingOptions
from knowledge.embedding.embedder import TokenCounter
from knowledge.types import Chunk, PageSpan

# Part of what makes two readings of a file the same: to be raised whenever chunks come out differently.
VERSION = 1
SPECIAL_TOKENS = 2


def chunk(document: ParsedDocument, options: ChunkingOptions, counter: TokenCounter) -> tuple[Chunk, ...]:
    """The chunks of a document, in order; each costs at most `options.tokens`, prefix and special tokens included."""
    return tuple(_Chunking(document, options.tokens, counter).chunks())


class _Chunking:
    """The cutting of one document."""

    def __init__(self, document: ParsedDocument, limit: int, counter: TokenCounter) -> None:
        self._document = document
        self._text = document.text
        self._limit = limit
        self._counter = counter
        self._measure = Measure(document.text, counter)
        self._prefixes = Prefixes(document.title, document.text, limit, counter)
        self._pages = _Pages(document.pages)

    def chunks(self) -> Iterator[Chunk]:
        for group in self._groups(list(sections(self._document.blocks))):
            path = self._path(group)
            packer = Packer(self._text, self._measure, partial(self._room, path), self._pages.at)
            for atoms in packer.pack([block for section in group for block in section.blocks]):
                yield from self._fitted(atoms, path)

    def _groups(self, pending: Sequence[Section]) -> Iterator[list[Section]]:
        """Sections that share chunks: small neighbours under one heading, and bare headings with what follows."""
        group: list[Section] = []
        for section in pending:
            if group and not self._joins(group, section):
                yield group
                group = []
            group.append(section)
        if group:
            yield group

    def _joins(self, group: list[Section], section: Section) -> bool:
        if all(member.is_bare for member in group):
            return True
        parent = group[0].path[:-1]
        if section.path[: len(parent)] != parent or len(section.path) < len(group[0].path):
            return False
        path = self._path([*group, section])
        if self._measure.cost(group[0].start, section.end) > self._room(path, None):
            return False
        unchanged = path == self._path(group)
        return all(self._is_small(member) for member in ([section] if unchanged else [*group, section]))

    def _is_small(self, section: Section) -> bool:
        return self._measure.cost(section.start, section.end) <= self._limit // 3

    def _path(self, group: Sequence[Section]) -> tuple[Heading, ...]:
        """The headings that all text of the group stands under."""
        return common([section.path for section in group if not section.is_bare] or [section.path for section in group])

    def _room(self, path: tuple[Heading, ...], header: Block | None) -> int:
        """The tokens that are left for text."""
        return self._limit - SPECIAL_TOKENS - self._prefixes.cost(labels(path), header)

    def _fitted(self, atoms: Sequence[Atom], path: tuple[Heading, ...]) -> Iterator[Chunk]:
        """One chunk; several where a cut inside a word, or another tokenizer's ways, made it too long after all."""
        start, end = atoms[0].start, atoms[-1].end
        chunk = self._made(start, end, path, atoms[0].header)
        if chunk.tokens <= self._limit or end - start < 2:
            yield chunk
        elif len(atoms) > 1:
            yield from self._fitted(atoms[: len(atoms) // 2], path)
            yield from self._fitted(atoms[len(atoms) // 2 :], path)
        else:
            middle = (start + end) // 2
            halves = (trimmed(self._text, start, middle), trimmed(self._text, middle, end))
            for first, last in halves:
                yield from self._fitted([Atom(first, last, atoms[0].before, atoms[0].header)], path)

    def _made(self, start: int, end: int, path: tuple[Heading, ...], header: Block | None) -> Chunk:
        text, prefix = self._text[start:end], self._prefixes.text(labels(path), header)
        tokens = SPECIAL_TOKENS + self._counter.count(f"{prefix}\n{text}" if prefix else text)
        first, last = self._pages.at(start), self._pages.at(end - 1)
        return Chunk(start, end, text, prefix, labels(path), first, last, tokens)


class _Pages:
    """Finds the page of a position."""

    def __init__(self, pages: Sequence[PageSpan]) -> None:
        self._starts = [page.start for page in pages]
        self._numbers = [page.number for page in pages]

    def at(self, position: int) -> int | None:
        """The number of the page on which the character at `position` stands; None without pages."""
        index = max(bisect_right(self._starts, position) - 1, 0)
        return self._numbers[index] if self._numbers else None
