"""The sections of a document: which blocks stand under which headings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ingest.structure import Block, BlockKind


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading that is in force; `number` tells apart two headings of the same words."""

    number: int
    level: int
    label: str


@dataclass(slots=True)
class Section:
    """A heading (none for what stands before the first one) and the blocks up to the next heading."""

    path: tuple[Heading, ...]
    blocks: list[Block] = field(default_factory=list)

    @property
    def is_bare(self) -> bool:
        """Whether nothing but headings stands here."""
        return all(block.kind is BlockKind.HEADING for block in self.blocks)

    @property
    def start(self) -> int:
        """Where the section begins in the text."""
        return self.blocks[0].start

    @property
    def end(self) -> int:
        """Where the section ends in the text."""
        return self.blocks[-1].end


def sections(blocks: Sequence[Block]) -> Iterator[Section]:
    """The sections of a document, in order; each has at least one block."""
    path: tuple[Heading, ...] = ()
    section = Section(path)
    for number, block in enumerate(blocks):
        if block.kind is BlockKind.HEADING:
            if section.blocks:
                yield section
            path = (*_above(path, block.level), Heading(number, block.level, " ".join(block.label.split())))
            section = Section(path)
        section.blocks.append(block)
    if section.blocks:
        yield section


def common(paths: Sequence[tuple[Heading, ...]]) -> tuple[Heading, ...]:
    """The headings that all `paths` begin with."""
    shortest = min(paths, key=len, default=())
    for depth, heading in enumerate(shortest):
        if any(path[depth] != heading for path in paths):
            return shortest[:depth]
    return shortest


def labels(path: Sequence[Heading]) -> tuple[str, ...]:
    """The words of a heading path."""
    return tuple(heading.label for heading in path if heading.label)


def _above(path: tuple[Heading, ...], level: int) -> tuple[Heading, ...]:
    return tuple(heading for heading in path if heading.level < level)
