"""What a parser makes of a file: one canonical text and the structure found in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from knowledge.types import MetadataValue, PageSpan


class BlockKind(StrEnum):
    """What a block is, as far as chunking cares."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE_HEADER = "table_header"
    TABLE_ROW = "table_row"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """A span of the text that is best kept whole. Blocks are ordered and do not overlap.

    `level` is 1 to 6 for headings, the nesting depth from 1 for list items, else 0. `label` is a heading's
    words without markup. `group` ties together what belongs together: the rows of one table (its header
    included), the items of one list. Text between blocks is white space.
    """

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    label: str = ""
    group: int = 0


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document as its parser understood it; every span counts code points in `text`.

    For formats that are text already (Markdown, plain text, source code) `text` is the decoded file, byte
    order mark aside, so that spans hold in the file itself. `notes` name what was not understood
    ("3 of 10 pages have no text layer"), each a sentence for the person who reads the report. `own_title` is the
    title without what the file's name gave to it; None where that is nothing.
    """

    text: str
    title: str
    media_type: str
    blocks: tuple[Block, ...]
    pages: tuple[PageSpan, ...] = ()
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    own_title: str | None = None

    @property
    def title_of_its_own(self) -> str:
        """What the document calls itself, whatever its file is called; "" where it does not say."""
        return self.title if self.own_title is None else self.own_title
